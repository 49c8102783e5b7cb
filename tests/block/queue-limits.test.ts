import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { checkLimits } from '../../src/block/queue-limits.ts';
import type { QueueLimits } from '../../src/interfaces/bio.ts';
import { DEFAULT_LIMITS } from '../../src/interfaces/bio.ts';

describe('checkLimits', () => {
  it.each([
    {},
    { maxSectors: 8, maxSegments: 1, maxSegmentSize: 4096, segBoundaryMask: 4095 },
    { maxSegments: 65_535, maxSegmentSize: 0xffff_ffff, virtBoundaryMask: 0xffff_ffff },
    { logicalBlockSize: 4096, physicalBlockSize: 16_384, chunkSectors: 24 },
  ] satisfies Partial<QueueLimits>[])('takes %j', (limits) => {
    expect(() => checkLimits({ ...DEFAULT_LIMITS, ...limits })).not.toThrow();
  });

  it.each([
    ['logicalBlockSize', 256],
    ['logicalBlockSize', 8192],
    ['logicalBlockSize', 520],
    ['physicalBlockSize', 256],
    ['physicalBlockSize', 1000],
    ['maxSectors', 7],
    ['maxSegments', 0],
    ['maxSegments', 65_536],
    ['maxSegmentSize', 4095],
    ['segBoundaryMask', 2047],
    ['segBoundaryMask', 5000],
    ['virtBoundaryMask', 2],
    ['chunkSectors', -1],
    ['maxDiscardSectors', 0.5],
    ['maxWriteZeroesSectors', -1],
    ['discardGranularity', Number.NaN],
  ] as const)('refuses %s of %s by name', (name, value) => {
    const check = () => checkLimits({ ...DEFAULT_LIMITS, [name]: value });
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(`limits.${name}: ${value}`);
  });

  it('refuses a chunk that is no whole number of blocks', () => {
    const limits = { ...DEFAULT_LIMITS, logicalBlockSize: 4096, physicalBlockSize: 4096 };
    expect(() => checkLimits({ ...limits, chunkSectors: 12 })).toThrow(/limits.chunkSectors: 12/);
  });
});
