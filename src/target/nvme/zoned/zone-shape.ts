/** Size and limits of the zones of a namespace, checked. Zoned Namespaces 1.1, 2.1 and 4.1. */
import { ConfigError } from '../../../base/assert.ts';
import { ZONE_EXTENSION_UNIT } from '../../../wire/nvme-zoned.ts';

/** Zone Random Write Areas of a namespace: all sizes in logical blocks. */
export interface ZrwaOptions {
  /** Size of an area, 1..65535. */
  readonly blocks: number;
  /** Granularity of commits; divides the size. */
  readonly granularity: number;
  /** Zones that can have an area at once. */
  readonly count: number;
}

/** How the zones of a namespace are made. */
export interface ZonedOptions {
  /** Logical blocks from one zone to the next, any number; the namespace is a multiple of it. */
  readonly zoneBlocks: number;
  /** Logical blocks of a zone that can be written; all of them by default. */
  readonly zoneCapacity?: number;
  /** Most open zones; as many as may be active by default. */
  readonly maxOpen?: number;
  /** Most active zones; no limit by default. */
  readonly maxActive?: number;
  /** Bytes of a zone descriptor extension, a multiple of 64 up to 16320; none by default. */
  readonly extensionBytes?: number;
  /** Reads may cross zone boundaries. True by default. */
  readonly readAcross?: boolean;
  /** An implicitly open zone is closed where another wants to open and the limit is reached. True by default. */
  readonly implicitClose?: boolean;
  /** Random write areas; none by default. */
  readonly zrwa?: ZrwaOptions;
}

/** {@link ZonedOptions} with every default filled in. */
export interface ZoneShape {
  readonly zoneBlocks: number;
  readonly zoneCapacity: number;
  /** How many zones there are. */
  readonly zoneCount: number;
  /** 0 for no limit. */
  readonly maxOpen: number;
  /** 0 for no limit. */
  readonly maxActive: number;
  readonly extensionBytes: number;
  readonly readAcross: boolean;
  readonly implicitClose: boolean;
  readonly zrwa: ZrwaOptions;
}

/** The largest zone in logical blocks. */
export const MAX_ZONE_BLOCKS = 2 ** 31 - 1;
/** Most zones of a namespace. */
export const MAX_ZONES = 1 << 20;
/** Most bytes of a zone descriptor extension. */
export const MAX_ZONE_EXTENSION_BYTES = 255 * ZONE_EXTENSION_UNIT;

const NO_ZRWA: ZrwaOptions = { blocks: 0, granularity: 1, count: 0 };

/** Checks options for a namespace of `blockCount` logical blocks. @throws ConfigError for what does not fit */
export function checkZoneShape(options: ZonedOptions, blockCount: number): ZoneShape {
  const { zoneBlocks, zoneCapacity = zoneBlocks, maxActive = 0, extensionBytes = 0 } = options;
  within('zoneBlocks', zoneBlocks, 1, MAX_ZONE_BLOCKS);
  within('zoneCapacity', zoneCapacity, 1, zoneBlocks);
  const zoneCount = blockCount / zoneBlocks;
  if (!Number.isInteger(zoneCount) || zoneCount < 1 || zoneCount > MAX_ZONES) {
    const expected = `a size that ${blockCount} blocks are 1 to ${MAX_ZONES} times`;
    throw new ConfigError('zoned.zoneBlocks', zoneBlocks, expected);
  }
  within('maxActive', maxActive, 0, MAX_ZONE_BLOCKS);
  const maxOpen = options.maxOpen ?? maxActive;
  within('maxOpen', maxOpen, 0, MAX_ZONE_BLOCKS);
  if (maxActive > 0 && (maxOpen === 0 || maxOpen > maxActive)) {
    throw new ConfigError(
      'zoned.maxOpen',
      maxOpen,
      `1..${maxActive}, since an open zone is active`,
    );
  }
  within('extensionBytes', extensionBytes, 0, MAX_ZONE_EXTENSION_BYTES);
  if (extensionBytes % ZONE_EXTENSION_UNIT !== 0) {
    throw new ConfigError('zoned.extensionBytes', extensionBytes, 'a multiple of 64');
  }
  return {
    zoneBlocks,
    zoneCapacity,
    zoneCount,
    maxOpen,
    maxActive,
    extensionBytes,
    readAcross: options.readAcross ?? true,
    implicitClose: options.implicitClose ?? true,
    zrwa: options.zrwa === undefined ? NO_ZRWA : checkZrwa(options.zrwa, zoneCapacity),
  };
}

function checkZrwa(zrwa: ZrwaOptions, zoneCapacity: number): ZrwaOptions {
  within('zrwa.blocks', zrwa.blocks, 1, Math.min(0xffff, zoneCapacity));
  within('zrwa.granularity', zrwa.granularity, 1, zrwa.blocks);
  if (zrwa.blocks % zrwa.granularity !== 0) {
    throw new ConfigError(
      'zoned.zrwa.granularity',
      zrwa.granularity,
      `a divisor of ${zrwa.blocks}`,
    );
  }
  within('zrwa.count', zrwa.count, 1, MAX_ZONES);
  return zrwa;
}

function within(key: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ConfigError(`zoned.${key}`, value, `an integer ${low}..${high}`);
}
