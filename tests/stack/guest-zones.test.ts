import { describe, expect, it } from 'vitest';
import { ROADS } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../src/wire/nvme-status.ts';

const KIB = 1024;
const backend = { type: 'rd_mcp', size: '1536KiB' } as const;
const zoned = { zoneSize: 384 * KIB, zoneCapacity: 320 * KIB, maxOpen: 2, maxActive: 3 };

describe.each(ROADS)('zones on the road %s', (road) => {
  it('are written in order, reported, appended to, and reset', async () => {
    const stack = createStack({ road, backend, zoned });
    const disk = await stack.guest.open(1);
    const zones = await stack.guest.openZones(1);
    const data = new Uint8Array(4096).fill(7);
    await disk.write(0, data);
    expect(await zones.append(0, data.fill(8))).toBe(4096);
    expect(await zones.append(384 * KIB, data.fill(9))).toBe(384 * KIB);
    expect((await disk.read(4096, 512))[0]).toBe(8);
    expect((await disk.read(384 * KIB, 8192)).subarray(4094, 4098)).toEqual(
      Uint8Array.of(9, 9, 0, 0),
    );
    await zones.finish(384 * KIB);
    await zones.open(768 * KIB);
    await zones.close(768 * KIB);
    expect(await zones.report()).toEqual([
      { offset: 0, capacity: 320 * KIB, state: 'implicitlyOpen', writePointer: 8192 },
      { offset: 384 * KIB, capacity: 320 * KIB, state: 'full', writePointer: undefined },
      { offset: 768 * KIB, capacity: 320 * KIB, state: 'closed', writePointer: 768 * KIB },
      { offset: 1152 * KIB, capacity: 320 * KIB, state: 'empty', writePointer: 1152 * KIB },
    ]);
    await zones.reset();
    expect((await zones.report()).map(({ state }) => state)).toEqual(Array(4).fill('empty'));
    expect(await disk.read(0, 8192)).toEqual(new Uint8Array(8192));
    await stack.close();
  });

  it('refuse what is not at the write pointer', async () => {
    const stack = createStack({ road, backend, zoned });
    const disk = await stack.guest.open(1);
    const error = await disk.write(512, new Uint8Array(512)).catch((reason: unknown) => reason);
    const { status } = error as { status: number };
    expect(status & STATUS_CODE_MASK).toBe(NvmeStatus.zoneInvalidWrite);
    await stack.close();
  });
});

describe('GuestZones', () => {
  it('reports more zones than one command holds', async () => {
    const size = 512 * 2200;
    const stack = createStack({
      road: 'direct',
      backend: { type: 'nullio', size: 4096 * 275 },
      zoned: { zoneSize: 512 },
    });
    const zones = await (await stack.guest.openZones(1)).report();
    expect(zones.length).toBe(size / 512);
    expect(zones.every(({ offset }, i) => offset === 512 * i)).toBe(true);
    await stack.close();
  });

  it('fails on a namespace without zones, and for offsets and lengths that are no blocks', async () => {
    const stack = createStack({ road: 'direct', backend });
    const zones = await stack.guest.openZones(1);
    await expect(zones.report()).rejects.toThrow('invalidOpcode');
    await expect(zones.reset(0)).rejects.toThrow('invalidOpcode');
    await expect(zones.append(100, new Uint8Array(512))).rejects.toThrow('offset');
    await expect(zones.append(0, new Uint8Array(100))).rejects.toThrow('data.length');
    await expect(stack.guest.openZones(2)).rejects.toThrow('nsid');
    await stack.close();
  });
});
