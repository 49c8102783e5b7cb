/** Zones of the namespace that a configuration names: its bytes become blocks. */
import { ConfigError } from '../base/assert.ts';
import type { Geometry } from '../interfaces/target.ts';
import type { ZonedOptions } from '../target/index.ts';
import type { StackConfig } from './config.ts';

/** The zones on a unit, or none. @throws ConfigError when they do not fit it */
export function zonedFromConfig(
  { zoned }: StackConfig,
  { blockBytes, blockCount }: Geometry,
): { zoned?: ZonedOptions } {
  if (zoned === undefined) return {};
  const blocksOf = (key: string, bytes: number): number => {
    if (bytes % blockBytes === 0) return bytes / blockBytes;
    throw new ConfigError(`zoned.${key}`, bytes, `a multiple of the block, ${blockBytes} bytes`);
  };
  const zoneBlocks = blocksOf('zoneSize', zoned.zoneSize);
  if (blockCount % zoneBlocks !== 0) {
    const expected = `a size that the disk, ${blockCount * blockBytes} bytes, is a multiple of`;
    throw new ConfigError('zoned.zoneSize', zoned.zoneSize, expected);
  }
  const { zoneCapacity = zoned.zoneSize, maxOpen, maxActive } = zoned;
  if (zoneCapacity > zoned.zoneSize) {
    const expected = `at most the size of a zone, ${zoned.zoneSize} bytes`;
    throw new ConfigError('zoned.zoneCapacity', zoneCapacity, expected);
  }
  return {
    zoned: {
      zoneBlocks,
      zoneCapacity: blocksOf('zoneCapacity', zoneCapacity),
      ...(maxOpen === undefined ? {} : { maxOpen }),
      ...(maxActive === undefined ? {} : { maxActive }),
    },
  };
}
