/** The rules that queue limits keep. Names follow sysfs `queue/*`. */
import { ConfigError } from '../base/assert.ts';
import { type QueueLimits, SECTOR_BYTES } from '../interfaces/bio.ts';

/** The smallest `maxSectors * 512`, `maxSegmentSize` and `segBoundaryMask + 1`: a page always fits. */
export const SMALLEST_LIMIT_BYTES = 4096;

/** @throws ConfigError when a limit contradicts another, or is smaller than a page may need */
export function checkLimits(limits: QueueLimits): void {
  const logical = limits.logicalBlockSize;
  const physical = limits.physicalBlockSize;
  check(
    isPowerOfTwo(logical) && logical >= 512 && logical <= 4096,
    limits,
    'logicalBlockSize',
    'a power of two from 512 to 4096',
  );
  check(
    isPowerOfTwo(physical) && physical >= logical,
    limits,
    'physicalBlockSize',
    'a power of two, no less than logicalBlockSize',
  );
  check(
    isCount(limits.maxSectors, SMALLEST_LIMIT_BYTES / SECTOR_BYTES),
    limits,
    'maxSectors',
    'an integer of 8 and more',
  );
  check(
    isCount(limits.maxSegments, 1) && limits.maxSegments <= 65_535,
    limits,
    'maxSegments',
    'an integer from 1 to 65535',
  );
  check(
    isCount(limits.maxSegmentSize, SMALLEST_LIMIT_BYTES),
    limits,
    'maxSegmentSize',
    'an integer of 4096 and more',
  );
  const boundary = limits.segBoundaryMask + 1;
  check(
    isBoundary(boundary) && boundary >= SMALLEST_LIMIT_BYTES,
    limits,
    'segBoundaryMask',
    'a power of two less one, from 4095 to 2^32 - 1',
  );
  check(
    isBoundary(limits.virtBoundaryMask + 1),
    limits,
    'virtBoundaryMask',
    '0, or a power of two less one up to 2^32 - 1',
  );
  const { chunkSectors } = limits;
  check(
    isCount(chunkSectors, 0) && (chunkSectors * SECTOR_BYTES) % logical === 0,
    limits,
    'chunkSectors',
    '0, or a multiple of the logical block',
  );
  for (const name of [
    'maxDiscardSectors',
    'maxWriteZeroesSectors',
    'discardGranularity',
  ] as const) {
    check(isCount(limits[name], 0), limits, name, 'an integer of 0 and more');
  }
  check(
    isCount(limits.discardAlignment, 0) && limits.discardAlignment % SECTOR_BYTES === 0,
    limits,
    'discardAlignment',
    'an integer of 0 and more, a multiple of 512',
  );
}

function check(
  holds: boolean,
  limits: QueueLimits,
  name: keyof QueueLimits,
  expected: string,
): void {
  if (!holds) throw new ConfigError(`limits.${name}`, limits[name], expected);
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && 2 ** (31 - Math.clz32(value)) === value;
}

function isBoundary(size: number): boolean {
  return size === 2 ** 32 || isPowerOfTwo(size);
}
