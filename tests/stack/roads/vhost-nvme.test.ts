import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/base/assert.ts';
import { parseConfig, type StackOptions } from '../../../src/stack/config.ts';
import { createStack } from '../../../src/stack/create-stack.ts';
import { vhostMemoryBytes, vhostTransferLimit } from '../../../src/stack/roads/vhost-nvme.ts';

describe('the largest command', () => {
  it.each([
    [{ size: 256, indirect: true }, 1 << 19],
    [{ size: 4, indirect: true }, 1 << 19],
    [{ size: 8, indirect: false }, 1 << 14],
    [{ size: 64, indirect: false }, 1 << 17],
    [{ size: 32_768, indirect: false }, 1 << 20],
  ])('of %j is a power of two that its chains hold', (virtqueue, _least) => {
    const limit = vhostTransferLimit(parseConfig({ virtqueue }));
    expect(Math.log2(limit) % 1).toBe(0);
    // Header, completion, and a buffer that starts inside a page.
    const descriptors = 2 + limit / 4096 + 1;
    expect(descriptors).toBeLessThanOrEqual(virtqueue.indirect ? 260 : virtqueue.size);
  });

  it('does not fit a ring of four without indirect tables', () => {
    const config = parseConfig({ virtqueue: { size: 4, indirect: false } });
    expect(() => vhostTransferLimit(config)).toThrow(ConfigError);
    expect(() => vhostTransferLimit(config)).toThrow('at least 8 descriptors');
  });
});

it.each<StackOptions>([
  { virtqueue: { size: 1024, indirect: false }, guest: { queues: 16 } },
  { virtqueue: { size: 512, indirect: true }, guest: { queues: 16 } },
  { virtqueue: { size: 8, indirect: true } },
])('the memory of the VMM holds the rings, tables and frames of %j', async (options) => {
  const stack = createStack({ ...options, backend: { type: 'rd_mcp', size: '1MiB' } });
  const disk = await stack.guest.open(1);
  await disk.write(0, new Uint8Array(700 * 1024).fill(3));
  expect((await disk.read(600 * 1024, 512))[0]).toBe(3);
  await stack.close();
});

it('rings that would take too much memory are refused before any is taken', () => {
  const config = parseConfig({ virtqueue: { size: 32_768 } });
  expect(() => vhostMemoryBytes(config)).toThrow(ConfigError);
  expect(() => vhostMemoryBytes(config)).toThrow(/virtqueue.size: 32768 .*at most 256 MiB/);
});

it('kicks and calls are counted where they cross', async () => {
  const stack = createStack({ backend: { type: 'rd_mcp', size: '1MiB' } });
  const disk = await stack.guest.open(1);
  const countOf = (name: string): number =>
    Number(new RegExp(`${name}\\D+(\\d[\\d,]*)`).exec(stack.describe())?.[1]?.replaceAll(',', ''));
  const before = countOf('kicks');
  await disk.read(0, 512);
  expect(countOf('kicks')).toBe(before + 1);
  await stack.close();
});
