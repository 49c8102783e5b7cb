import { describe, expect, it } from 'vitest';
import { parseConfig, type StackOptions } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import { zonedFromConfig } from '../../src/stack/zoned-from-config.ts';

type Zoned = NonNullable<StackOptions['zoned']>;
const backend = { type: 'rd_mcp', size: '24MiB' } as const;
const make = (zoned: Zoned, blockBytes: 512 | 4096 = 512) =>
  createStack({ road: 'direct', backend, blockBytes, zoned });

describe('the zones of a configuration', () => {
  it('are none unless it names some', () => {
    expect(zonedFromConfig(parseConfig({}), {} as never)).toEqual({});
  });

  it('become blocks', () => {
    const zoned = { zoneSize: '3MiB', zoneCapacity: '2MiB', maxOpen: 2, maxActive: 4 };
    const geometry = { blockBytes: 4096, blockCount: 6144 } as never;
    expect(zonedFromConfig(parseConfig({ zoned }), geometry).zoned).toEqual({
      zoneBlocks: 768,
      zoneCapacity: 512,
      maxOpen: 2,
      maxActive: 4,
    });
  });

  it.each<[string, Zoned, 512 | 4096]>([
    ['zoned.zoneSize', { zoneSize: '5MiB' }, 512],
    ['zoned.zoneSize', { zoneSize: '48MiB' }, 512],
    ['zoned.zoneSize', { zoneSize: 512 }, 4096],
    ['zoned.zoneSize', { zoneSize: 'much' }, 512],
    ['zoned.zoneSize', { zoneSize: 0 }, 512],
    ['zoned.zoneCapacity', { zoneSize: '3MiB', zoneCapacity: '4MiB' }, 512],
    ['zoned.zoneCapacity', { zoneSize: '3MiB', zoneCapacity: 512 }, 4096],
    ['zoned.maxOpen', { zoneSize: '3MiB', maxOpen: 3, maxActive: 2 }, 512],
    ['zoned.maxOpen', { zoneSize: '3MiB', maxOpen: 0 }, 512],
    ['zoned.maxActive', { zoneSize: '3MiB', maxActive: 1.5 }, 512],
    ['zoned.zones', { zoneSize: '3MiB', zones: 3 } as never, 512],
  ])('name %s where %j does not fit (blocks of %i bytes)', (path, zoned, blockBytes) => {
    expect(() => make(zoned, blockBytes)).toThrow(path);
  });
});
