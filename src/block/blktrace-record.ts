/** Records of a binary block trace, as blktrace writes them and `blkparse` and `btt` read them: version 7, little-endian. */
import { BioFlag, BioOp } from '../interfaces/bio.ts';
import { BlockAction } from '../interfaces/block-observer.ts';
import { be32, be64, layout, u16, u32, u64 } from '../wire/layout.ts';

/** The first word of each record; its low byte is the version. */
export const BLKTRACE_MAGIC = 0x6561_7407;

/** Bytes of a record before its payload. */
export const BLKTRACE_RECORD_BYTES = 48;

/** A record of a block trace, without its payload. */
export const blkIoTrace = layout('blk_io_trace', BLKTRACE_RECORD_BYTES, {
  magic: u32(0),
  /** Counts the records of one CPU from 1; 0 for notes. */
  sequence: u32(4),
  /** Nanoseconds. */
  time: u64(8),
  /** In 512-byte sectors. */
  sector: u64(16),
  bytes: u32(24),
  /** {@link BlktraceCategory} bits. The low half is the {@link BlockAction}. */
  action: u16(28),
  category: u16(30),
  pid: u32(32),
  /** Major number << 20 | minor number. */
  device: u32(36),
  cpu: u32(40),
  /** A negative errno, cut to 16 bits. */
  error: u16(44),
  payloadBytes: u16(46),
});

/** Payload of an X (the sector where the rest begins), and of P, U and UT (the number of requests). */
export const blktraceNumber = layout('blk_io_trace_number', 8, { value: be64(0) });

/** Payload of an A: from where the bio was mapped. */
export const blktraceRemap = layout('blk_io_trace_remap', 16, {
  fromDevice: be32(0),
  toDevice: be32(4),
  fromSector: be64(8),
});

/** What a record is about, a bit set. */
export const BlktraceCategory = {
  read: 0x1,
  write: 0x2,
  flush: 0x4,
  sync: 0x8,
  queue: 0x10,
  requeue: 0x20,
  issue: 0x40,
  complete: 0x80,
  /** A request of a file system, not a raw command. */
  fs: 0x100,
  /** A raw command of a driver. */
  raw: 0x200,
  notify: 0x400,
  ahead: 0x800,
  meta: 0x1000,
  discard: 0x2000,
  driverData: 0x4000,
  fua: 0x8000,
} as const;

/** Kinds of notes (category `notify`). */
export const BlktraceNote = { process: 0, timestamp: 1, message: 2 } as const;

/** The mark of a mapped event (A), which observers get by a method of its own. */
export const BLKTRACE_REMAP = 15;

const STAGE: Readonly<Record<number, number>> = {
  [BlockAction.requeued]: BlktraceCategory.requeue | BlktraceCategory.fs,
  [BlockAction.issued]: BlktraceCategory.issue | BlktraceCategory.fs,
  [BlockAction.completed]: BlktraceCategory.complete | BlktraceCategory.fs,
  [BlockAction.inserted]: BlktraceCategory.queue | BlktraceCategory.fs,
  [BlockAction.split]: 0,
};

/** The category bits of an event of an action, operation and flags (`BioFlag`s). */
export function blktraceCategory(action: number, op: BioOp, flags: number): number {
  const C = BlktraceCategory;
  const isRead = op === BioOp.read || op === BioOp.flush || op === BioOp.driverIn;
  let bits: number = (STAGE[action] ?? C.queue) | (isRead ? C.read : C.write);
  if (op === BioOp.discard) bits |= C.discard;
  if (op === BioOp.driverIn || op === BioOp.driverOut) bits = (bits & ~C.fs) | C.raw;
  if (op === BioOp.flush || (flags & BioFlag.preflush) !== 0) bits |= C.flush;
  if ((flags & BioFlag.sync) !== 0) bits |= C.sync;
  if ((flags & BioFlag.meta) !== 0) bits |= C.meta;
  if ((flags & BioFlag.fua) !== 0) bits |= C.fua;
  return bits;
}
