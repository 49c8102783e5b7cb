import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/base/assert.ts';
import {
  checkZoneShape,
  MAX_ZONE_BLOCKS,
  MAX_ZONE_EXTENSION_BYTES,
  MAX_ZONES,
  type ZonedOptions,
} from '../../../../src/target/nvme/zoned/zone-shape.ts';

describe('checkZoneShape', () => {
  it('fills in what is not given', () => {
    expect(checkZoneShape({ zoneBlocks: 24 }, 96)).toEqual({
      zoneBlocks: 24,
      zoneCapacity: 24,
      zoneCount: 4,
      maxOpen: 0,
      maxActive: 0,
      extensionBytes: 0,
      readAcross: true,
      implicitClose: true,
      zrwa: { blocks: 0, granularity: 1, count: 0 },
    });
    expect(checkZoneShape({ zoneBlocks: 24, maxActive: 3 }, 96)).toMatchObject({ maxOpen: 3 });
    expect(checkZoneShape({ zoneBlocks: 24, maxOpen: 3 }, 96)).toMatchObject({ maxActive: 0 });
  });

  it.each<[ZonedOptions, number]>([
    [{ zoneBlocks: 1 }, MAX_ZONES],
    [{ zoneBlocks: MAX_ZONE_BLOCKS }, MAX_ZONE_BLOCKS],
    [{ zoneBlocks: 24, extensionBytes: MAX_ZONE_EXTENSION_BYTES }, 24],
    [{ zoneBlocks: 24, zrwa: { blocks: 24, granularity: 24, count: 1 } }, 24],
  ])('accepts %j at the limit', (options, blockCount) => {
    expect(() => checkZoneShape(options, blockCount)).not.toThrow();
  });

  it.each<[ZonedOptions, number, string]>([
    [{ zoneBlocks: 0 }, 96, 'zoned.zoneBlocks'],
    [{ zoneBlocks: MAX_ZONE_BLOCKS + 1 }, 2 ** 31, 'zoned.zoneBlocks'],
    [{ zoneBlocks: 25 }, 96, 'zoned.zoneBlocks'],
    [{ zoneBlocks: 192 }, 96, 'zoned.zoneBlocks'],
    [{ zoneBlocks: 1 }, MAX_ZONES + 1, 'zoned.zoneBlocks'],
    [{ zoneBlocks: 24, zoneCapacity: 25 }, 96, 'zoned.zoneCapacity'],
    [{ zoneBlocks: 24, zoneCapacity: 0 }, 96, 'zoned.zoneCapacity'],
    [{ zoneBlocks: 24, maxActive: -1 }, 96, 'zoned.maxActive'],
    [{ zoneBlocks: 24, maxActive: 2, maxOpen: 3 }, 96, 'zoned.maxOpen'],
    [{ zoneBlocks: 24, maxActive: 2, maxOpen: 0 }, 96, 'zoned.maxOpen'],
    [{ zoneBlocks: 24, maxOpen: 0.5 }, 96, 'zoned.maxOpen'],
    [{ zoneBlocks: 24, extensionBytes: 32 }, 96, 'zoned.extensionBytes'],
    [{ zoneBlocks: 24, extensionBytes: MAX_ZONE_EXTENSION_BYTES + 64 }, 96, 'zoned.extensionBytes'],
    [{ zoneBlocks: 24, zrwa: { blocks: 25, granularity: 5, count: 1 } }, 96, 'zoned.zrwa.blocks'],
    [
      { zoneBlocks: 24, zrwa: { blocks: 12, granularity: 5, count: 1 } },
      96,
      'zoned.zrwa.granularity',
    ],
    [{ zoneBlocks: 24, zrwa: { blocks: 12, granularity: 4, count: 0 } }, 96, 'zoned.zrwa.count'],
  ])('refuses %j for %i blocks, naming %s', (options, blockCount, path) => {
    expect(() => checkZoneShape(options, blockCount)).toThrow(ConfigError);
    expect(() => checkZoneShape(options, blockCount)).toThrow(path);
  });
});
