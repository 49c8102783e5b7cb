import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { GuestDisk } from '../../src/stack/guest-disk.ts';
import { NvmeError } from '../../src/stack/nvme-error.ts';
import { Pump } from '../../src/stack/pump.ts';
import { SubmitQueue } from '../../src/stack/submit-queue.ts';
import { MemoryHost } from './memory-host.ts';

function setUp(bufferPages = 64) {
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, size: bufferPages * 4096 }]);
  const buffers = new PageAllocator(0, bufferPages * 4096);
  const host = new MemoryHost(executor, memory);
  const queue = new SubmitQueue(executor, host);
  const pump = new Pump(executor);
  const disk = new GuestDisk(pump, host, memory, buffers, queue, host.namespaces[0]!);
  return { disk, host, buffers };
}

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);

describe('GuestDisk', () => {
  it('cuts a large transfer into commands and puts the bytes together again', async () => {
    const { disk, host, buffers } = setUp();
    const data = pattern(300 * 1024);
    await disk.write(512, data);
    expect(host.bytes.slice(512, 512 + data.length)).toEqual(data);
    expect(await disk.read(512, data.length)).toEqual(data);
    expect(host.log.every((line) => Number(line.split(' ')[3]) <= 64)).toBe(true);
    expect(buffers.freePages).toBe(64);
  });

  it('waits for buffers when guest memory is small', async () => {
    const { disk, host } = setUp(9);
    const data = pattern(100 * 1024);
    await disk.write(0, data);
    expect(host.bytes.slice(0, data.length)).toEqual(data);
  });

  it('reads into a buffer that starts inside a page', async () => {
    const { disk } = setUp();
    await disk.write(0, pattern(32 * 1024), { bufferOffset: 12 });
    expect(await disk.read(0, 32 * 1024, { bufferOffset: 4092 })).toEqual(pattern(32 * 1024));
  });

  it('does not look at data that the caller changes after the call', async () => {
    const { disk } = setUp();
    const data = pattern(512);
    const write = disk.write(0, data);
    data.fill(0);
    await write;
    expect(await disk.read(0, 512)).toEqual(pattern(512));
  });

  it('names the command and its status when one fails, and gives its buffers back', async () => {
    const { disk, host, buffers } = setUp();
    host.status = 0x80;
    await expect(disk.read(1024, 512)).rejects.toThrow(NvmeError);
    await expect(disk.read(1024, 512)).rejects.toThrow(/read of 512 bytes at 1024 .*80h/);
    await expect(disk.flush()).rejects.toThrow(/flush/);
    expect(buffers.freePages).toBe(64);
  });

  it.each([
    [1, 512, {}, /offset: 1 .*multiple of 512/],
    [-512, 512, {}, /offset: -512 .*multiple of 512/],
    [0, -1, {}, /length: -1 .*multiple of 512/],
    [0, 100, {}, /length: 100 .*multiple of 512/],
    [0, 512, { bufferOffset: 2 }, /bufferOffset: 2 .*multiple of 4/],
    [0, 512, { bufferOffset: 4096 }, /bufferOffset: 4096 .*multiple of 4/],
  ])('refuses read(%d, %d, %j)', async (offset, length, options, message) => {
    const { disk } = setUp();
    const read = disk.read(offset, length, options);
    await expect(read).rejects.toThrow(ConfigError);
    await expect(read).rejects.toThrow(message);
  });

  it('reads nothing without asking the disk', async () => {
    const { disk, host } = setUp();
    expect(await disk.read(0, 0)).toHaveLength(0);
    expect(host.log).toEqual([]);
  });
});
