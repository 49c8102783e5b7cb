import { expect, it } from 'vitest';
import { parseConfig, type StackOptions } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import { diskMemoryBytes } from '../../src/stack/disk-from-config.ts';

type Backend = Extract<StackOptions['backend'], { type: 'iblock' }>;
const disks = ['sata', 'scsi', 'nvme', 'null_blk'] as const;

const backendOf = (disk: Backend['disk']): Backend => ({ type: 'iblock', disk, size: '1MiB' });

it.each(disks)(
  'a disk of kind %s is drawn with its driver and stores what it is given',
  async (disk) => {
    const stack = createStack({ backend: backendOf(disk) });
    const guestDisk = await stack.guest.open(1);
    await guestDisk.write(1024, new Uint8Array(8192).fill(9), { fua: true });
    expect((await guestDisk.read(512, 1024)).join()).toBe(
      [...new Uint8Array(512), ...new Uint8Array(512).fill(9)].join(),
    );
    const last = stack.describe().split('\n').slice(-4).join('\n').toLowerCase();
    expect(last).toContain(disk === 'null_blk' ? 'null_blk driver' : `${disk}`);
    await stack.close();
  },
);

it('a spinning disk takes milliseconds and an SSD microseconds of virtual time; free costs take none', async () => {
  const tookNs = async (disk: Backend['disk'], costs: 'none' | 'server'): Promise<number> => {
    const stack = createStack({ backend: backendOf(disk), costs });
    const guestDisk = await stack.guest.open(1);
    const started = stack.executor.now;
    await guestDisk.read(512 * 1024, 4096);
    return stack.executor.now - started;
  };
  expect(await tookNs('sata', 'none')).toBe(0);
  const [sata, nvme] = [await tookNs('sata', 'server'), await tookNs('nvme', 'server')];
  expect(sata).toBeGreaterThan(1_000_000);
  expect(nvme).toBeGreaterThan(10_000);
  expect(nvme).toBeLessThan(1_000_000);
});

it('only a driver with queues of its own wants memory', () => {
  const bytes = (disk: Backend['disk']): number =>
    diskMemoryBytes(parseConfig({ backend: backendOf(disk) }).backend);
  expect(disks.map((disk) => bytes(disk) > 4096)).toEqual([false, false, true, false]);
});

it('a scheduler is drawn with its block layer, and serves it', async () => {
  const backend = {
    ...backendOf('sata'),
    scheduler: 'mq-deadline',
    iosched: { fifo_batch: 4 },
  } as const;
  const stack = createStack({ backend });
  const guestDisk = await stack.guest.open(1);
  await guestDisk.write(0, new Uint8Array(512).fill(7));
  expect((await guestDisk.read(0, 512))[511]).toBe(7);
  expect(stack.describe()).toContain('block layer, mq-deadline');
  await stack.close();
});

it('a parameter that the scheduler does not have is named', () => {
  const backend = { ...backendOf('sata'), scheduler: 'kyber', iosched: { fifo_batch: 4 } } as const;
  expect(() => createStack({ backend })).toThrow(
    /^backend.iosched.fifo_batch: 4 is not accepted; expected read_lat_nsec, write_lat_nsec/,
  );
});
