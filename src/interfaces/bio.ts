/** Block I/O: what `submit_bio` takes. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';

/** Operations of a bio and of a request. */
export const BioOp = {
  read: 0,
  write: 1,
  flush: 2,
  discard: 3,
  writeZeroes: 9,
  /** Zone management: the range is whole zones. */
  zoneOpen: 10,
  zoneClose: 11,
  zoneFinish: 12,
  /** A write to wherever the write pointer of the zone that starts at `sector` is; `sector` says where it was when the bio ends. */
  zoneAppend: 13,
  zoneReset: 15,
  /** A raw command of the driver (request only): data to the device, data from the device. */
  driverOut: 35,
  driverIn: 34,
} as const;
/** One of {@link BioOp}. */
export type BioOp = (typeof BioOp)[keyof typeof BioOp];

/** Flags of a bio, a bit set. */
export const BioFlag = {
  /** Someone waits for it (REQ_SYNC). */
  sync: 1,
  /** The cache is flushed before the data moves (REQ_PREFLUSH). */
  preflush: 2,
  /** The data is durable when the bio ends (REQ_FUA). */
  fua: 4,
  /** Never merged with another (REQ_NOMERGE). */
  noMerge: 8,
  /** Ends with `again` instead of waiting (REQ_NOWAIT). */
  noWait: 16,
  /** Metadata of a file system (REQ_META): a mark for schedulers and traces. */
  meta: 32,
  /** Read before anybody asked for it (REQ_RAHEAD). */
  ahead: 64,
} as const;

/** Classes of I/O priority (`ioprio_set`): none means best effort. */
export const PriorityClass = { none: 0, realTime: 1, bestEffort: 2, idle: 3 } as const;
/** One of {@link PriorityClass}. */
export type PriorityClass = (typeof PriorityClass)[keyof typeof PriorityClass];

/** The bits of `flags` that hold an I/O priority; two bios merge only when these agree. */
export const PRIORITY_MASK = 0x1f00;

/** Flags that hold an I/O priority; `level` is 0 (first) to 7. */
export function priorityFlags(priorityClass: PriorityClass, level: number): number {
  return (priorityClass << 11) | ((level & 7) << 8);
}

/** The class of the I/O priority in `flags`. */
export function priorityClassOf(flags: number): PriorityClass {
  return ((flags >> 11) & 3) as PriorityClass;
}

/** Flags that name the process (I/O context) that a bio comes from, 0 to 65535; schedulers that are fair are so between these. */
export function contextFlags(context: number): number {
  return (context & 0xffff) << 13;
}

/** The I/O context in `flags`. */
export function contextOf(flags: number): number {
  return (flags >> 13) & 0xffff;
}

/** How a bio or request ended: the block layer's own status (BLK_STS). */
export const BlkStatus = {
  ok: 0,
  notSupported: 1,
  timeout: 2,
  noSpace: 3,
  transport: 4,
  target: 5,
  reservationConflict: 6,
  medium: 7,
  protection: 8,
  resource: 9,
  ioError: 10,
  again: 12,
  deviceResource: 13,
  /** No more zones may be open, or active. */
  zoneResource: 14,
  offline: 15,
  aborted: 18,
} as const;
/** One of {@link BlkStatus}. */
export type BlkStatus = (typeof BlkStatus)[keyof typeof BlkStatus];

/** Bytes of the block layer's own sector, in which `sector` and all limits count. */
export const SECTOR_BYTES = 512;

/** A block I/O on its way down. See `request.ts` for its life. */
export interface Bio {
  ioId: number;
  op: BioOp;
  /** Start, in 512-byte sectors of the device. */
  sector: number;
  /** Length in 512-byte sectors; `data` holds as many bytes for read and write. */
  sectorCount: number;
  flags: number;
  memory: GuestMemory;
  data: SgList;
  /** Result: the first error of any of its parts. */
  status: BlkStatus;
  /** Set once, when the slot is made. */
  end: (bio: Bio) => void;
}

/** What a block device can do; names follow `struct queue_limits` and sysfs. All sizes in bytes unless they say sectors. */
export interface QueueLimits {
  readonly logicalBlockSize: number;
  readonly physicalBlockSize: number;
  /** Most sectors of one request. */
  readonly maxSectors: number;
  /** Most memory segments of one request. */
  readonly maxSegments: number;
  /** Most bytes of one segment. */
  readonly maxSegmentSize: number;
  /** No segment crosses a multiple of this mask + 1. */
  readonly segBoundaryMask: number;
  /** Inner segment borders lie at multiples of this mask + 1; 0 for no such rule. */
  readonly virtBoundaryMask: number;
  /** No request crosses a multiple of this many sectors; 0 for no such rule. */
  readonly chunkSectors: number;
  /** Most sectors of a discard; 0 when it is not supported. */
  readonly maxDiscardSectors: number;
  /** Granularity of a discard. */
  readonly discardGranularity: number;
  /** Where the first whole granule of a discard begins. */
  readonly discardAlignment: number;
  /** Most sectors of a write zeroes; 0 when it is not supported. */
  readonly maxWriteZeroesSectors: number;
  /** The device has a volatile write cache. */
  readonly writeCache: boolean;
  /** The device honours FUA on a write. */
  readonly fua: boolean;
}

/** What a device without wishes of its own has: the defaults of a request queue of Linux 6.1. */
export const DEFAULT_LIMITS: QueueLimits = {
  logicalBlockSize: 512,
  physicalBlockSize: 512,
  maxSectors: 2560,
  maxSegments: 128,
  maxSegmentSize: 65_536,
  segBoundaryMask: 0xffff_ffff,
  virtBoundaryMask: 0,
  chunkSectors: 0,
  maxDiscardSectors: 0,
  discardGranularity: 0,
  discardAlignment: 0,
  maxWriteZeroesSectors: 0,
  writeCache: false,
  fua: false,
};

/** A block device: where `submit_bio` goes. */
export interface BlockDevice {
  readonly limits: QueueLimits;
  /** Size in 512-byte sectors. */
  readonly capacitySectors: number;
  /** Takes the bio; its `end` is called exactly once, never inside this call. */
  submitBio(bio: Bio): void;
  /** From here on requests wait in the plug of the submitter; plugs nest. */
  plug(): void;
  /** The outermost `unplug` sends what the plug holds. */
  unplug(): void;
}
