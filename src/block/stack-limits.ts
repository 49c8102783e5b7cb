/**
 * Limits of a device that lies on others: what a bio may be so that each of them can take it, and how its blocks lie on theirs.
 *
 * The strictest of each limit holds; sizes of blocks are the largest; what need not agree (the chunk, the best size) is a common divisor
 * or multiple. Of two virtual boundaries the smaller one stays, as in Linux, though the other forbids more: a device below still cuts what
 * it cannot take. Names follow sysfs `queue/*`, `alignment_offset` and `discard_alignment`.
 */
import { DEFAULT_LIMITS, type QueueLimits, SECTOR_BYTES } from '../interfaces/bio.ts';

/** How the blocks of a device lie, and which sizes suit it: hints that forbid nothing. All in bytes. */
export interface Topology {
  /** From the start of the device to the first start of a physical block (`alignment_offset`). */
  readonly alignmentOffset: number;
  /** From the start of the device to the first start of a discard granule (`discard_alignment`). */
  readonly discardAlignment: number;
  /** Smallest size without a penalty (`minimum_io_size`). */
  readonly ioMin: number;
  /** Best size (`optimal_io_size`); 0 when not known. */
  readonly ioOpt: number;
  /** Some blocks below are cut by ours: `alignment_offset` reads -1. */
  readonly isMisaligned: boolean;
}

/** A device below. */
export interface LowerLimits {
  readonly limits: QueueLimits;
  /** Where the range that is used starts, in 512-byte sectors; 0 unless given. */
  readonly startSector?: number;
  /** As {@link topologyOf} has it unless given. */
  readonly topology?: Topology;
}

/** What {@link stackLimits} gives. */
export interface StackedLimits {
  readonly limits: QueueLimits;
  readonly topology: Topology;
}

/** Nothing is forbidden, as in a stacked device without anything below. */
const FREE_LIMITS: QueueLimits = {
  ...DEFAULT_LIMITS,
  maxSectors: 0xffff_ffff,
  maxSegments: 65_535,
  maxSegmentSize: 0xffff_ffff,
  maxDiscardSectors: 0xffff_ffff,
  maxWriteZeroesSectors: 0xffff_ffff,
};

const FREE_TOPOLOGY: Topology = {
  alignmentOffset: 0,
  discardAlignment: 0,
  ioMin: 512,
  ioOpt: 0,
  isMisaligned: false,
};

/** The topology of a device of which only the limits are known: its blocks start at its first sector. */
export function topologyOf(limits: QueueLimits): Topology {
  return { ...FREE_TOPOLOGY, ioMin: limits.physicalBlockSize };
}

/** The limits of a device on all of `lowers`; a device that supports no discard or write zeroes takes them from the whole. */
export function stackLimits(lowers: readonly LowerLimits[]): StackedLimits {
  return lowers.reduce<StackedLimits>(
    (above, lower) => {
      const limits = mergeLimits(above.limits, lower.limits);
      const below = { ...lower, topology: lower.topology ?? topologyOf(lower.limits) };
      return mergeTopology(above, limits, below);
    },
    { limits: FREE_LIMITS, topology: FREE_TOPOLOGY },
  );
}

function mergeLimits(a: QueueLimits, b: QueueLimits): QueueLimits {
  return {
    ...a,
    logicalBlockSize: Math.max(a.logicalBlockSize, b.logicalBlockSize),
    physicalBlockSize: Math.max(a.physicalBlockSize, b.physicalBlockSize),
    maxSectors: Math.min(a.maxSectors, b.maxSectors),
    maxSegments: Math.min(a.maxSegments, b.maxSegments),
    maxSegmentSize: Math.min(a.maxSegmentSize, b.maxSegmentSize),
    segBoundaryMask: Math.min(a.segBoundaryMask, b.segBoundaryMask),
    virtBoundaryMask: smallestOfGiven(a.virtBoundaryMask, b.virtBoundaryMask),
    chunkSectors: gcd(a.chunkSectors, b.chunkSectors),
    maxDiscardSectors: Math.min(a.maxDiscardSectors, b.maxDiscardSectors),
    discardGranularity: Math.max(a.discardGranularity, b.discardGranularity),
    maxWriteZeroesSectors: Math.min(a.maxWriteZeroesSectors, b.maxWriteZeroesSectors),
    writeCache: a.writeCache || b.writeCache,
    fua: a.fua || b.fua,
  };
}

function mergeTopology(
  above: StackedLimits,
  limits: QueueLimits,
  lower: LowerLimits & { topology: Topology },
): StackedLimits {
  const { topology: below, startSector = 0 } = lower;
  const offset = offsetAfter(granuleOf(lower.limits, below), below.alignmentOffset, startSector);
  const granularity = lower.limits.discardGranularity;
  const discard = offsetAfter(granularity, below.discardAlignment, startSector);
  const ioMin = Math.max(above.topology.ioMin, below.ioMin, limits.physicalBlockSize);
  const ioOpt = lcm(above.topology.ioOpt, below.ioOpt);
  const alignmentOffset = lcm(above.topology.alignmentOffset, offset) % ioMin;
  const isChunkWhole = (limits.chunkSectors * SECTOR_BYTES) % limits.physicalBlockSize === 0;
  const isBestWhole = ioOpt % limits.physicalBlockSize === 0;
  const top = granuleOf(above.limits, above.topology) + above.topology.alignmentOffset;
  const isAligned =
    agree(top, granuleOf(lower.limits, below) + offset) &&
    ioMin % limits.physicalBlockSize === 0 &&
    alignmentOffset % limits.logicalBlockSize === 0 &&
    isChunkWhole &&
    isBestWhole;
  return {
    limits: isChunkWhole ? limits : { ...limits, chunkSectors: 0 },
    topology: {
      alignmentOffset,
      discardAlignment:
        granularity === 0
          ? above.topology.discardAlignment
          : lcm(above.topology.discardAlignment, discard) % limits.discardGranularity,
      ioMin,
      ioOpt: isBestWhole ? ioOpt : 0,
      isMisaligned: above.topology.isMisaligned || below.isMisaligned || !isAligned,
    },
  };
}

/** Bytes that should not be cut. */
function granuleOf(limits: QueueLimits, topology: Topology): number {
  return Math.max(limits.physicalBlockSize, topology.ioMin);
}

/** From `startSector` on, how far it is to the next granule; granules start `offset` bytes into the device. */
function offsetAfter(granule: number, offset: number, startSector: number): number {
  if (granule === 0) return 0;
  const into = (startSector * SECTOR_BYTES) % granule;
  return (granule + offset - into) % granule;
}

/** Do two spacings fall together: is one a multiple of the other? */
function agree(a: number, b: number): boolean {
  return Math.max(a, b) % Math.min(a, b) === 0;
}

function smallestOfGiven(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}

/** Greatest common divisor; 0 counts as not given. */
function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Least common multiple; 0 counts as not given. */
function lcm(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : (a / gcd(a, b)) * b;
}
