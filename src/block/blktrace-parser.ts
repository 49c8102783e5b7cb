/**
 * Reads binary block traces: what `blktrace` writes for each CPU, and what `blkparse -d` writes for all.
 *
 * Any bytes may be given: what cannot be read ends the list, with a reason.
 *
 * Does not model: traces of big-endian machines, and versions other than 7.
 */
import { SECTOR_BYTES } from '../interfaces/bio.ts';
import {
  BLKTRACE_MAGIC,
  BLKTRACE_RECORD_BYTES,
  BLKTRACE_REMAP,
  BlktraceCategory,
  BlktraceNote,
  blkIoTrace,
  blktraceNumber,
  blktraceRemap,
} from './blktrace-record.ts';

/** From where a bio was mapped. */
export interface BlktraceRemap {
  readonly fromDevice: number;
  readonly toDevice: number;
  readonly fromSector: number;
}

/** One record. */
export interface BlktraceRecord {
  readonly sequence: number;
  /** Nanoseconds; 2^53 for all from there on. */
  readonly timeNs: number;
  /** 512-byte sectors; 2^53 for all from there on. */
  readonly sector: number;
  readonly bytes: number;
  /** A `BlockAction`, 15 for a mapped bio, or a `BlktraceNote` when the category says `notify`. */
  readonly action: number;
  /** `BlktraceCategory` bits. */
  readonly category: number;
  readonly pid: number;
  readonly device: number;
  readonly cpu: number;
  /** As it is in the record: 65,475 for the errno -61. */
  readonly error: number;
  /** Where the rest of a cut bio begins, or how many requests a plug had. */
  readonly number: number | undefined;
  readonly remap: BlktraceRemap | undefined;
  /** Name of a process, or a message. */
  readonly text: string | undefined;
}

/** What a trace holds. */
export interface Blktrace {
  readonly records: readonly BlktraceRecord[];
  /** Why reading stopped before the end; `undefined` when all was read. */
  readonly fault: string | undefined;
}

/** Reads a trace; never throws. */
export function parseBlktrace(bytes: Uint8Array): Blktrace {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: BlktraceRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < BLKTRACE_RECORD_BYTES)
      return stopped(records, at, 'a part of a record');
    if (blkIoTrace.magic.get(view, at) !== BLKTRACE_MAGIC) {
      return stopped(records, at, 'no record of version 7');
    }
    const payloadBytes = blkIoTrace.payloadBytes.get(view, at);
    const end = at + BLKTRACE_RECORD_BYTES + payloadBytes;
    if (end > bytes.length) return stopped(records, at, 'a part of a payload');
    records.push(recordAt(view, bytes, at, payloadBytes));
    at = end;
  }
  return { records, fault: undefined };
}

function stopped(records: BlktraceRecord[], at: number, what: string): Blktrace {
  return { records, fault: `${what} at byte ${at}` };
}

function recordAt(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  payloadBytes: number,
): BlktraceRecord {
  const action = blkIoTrace.action.get(view, at);
  const category = blkIoTrace.category.get(view, at);
  const payload = at + BLKTRACE_RECORD_BYTES;
  const isNote = (category & BlktraceCategory.notify) !== 0;
  const isRemap = !isNote && action === BLKTRACE_REMAP && payloadBytes >= 16;
  const isNumber = !isNote && !isRemap && payloadBytes === 8;
  return {
    sequence: blkIoTrace.sequence.get(view, at),
    timeNs: blkIoTrace.time.get(view, at),
    sector: blkIoTrace.sector.get(view, at),
    bytes: blkIoTrace.bytes.get(view, at),
    action,
    category,
    pid: blkIoTrace.pid.get(view, at),
    device: blkIoTrace.device.get(view, at),
    cpu: blkIoTrace.cpu.get(view, at),
    error: blkIoTrace.error.get(view, at),
    number: isNumber ? blktraceNumber.value.get(view, payload) : undefined,
    remap: isRemap
      ? {
          fromDevice: blktraceRemap.fromDevice.get(view, payload),
          toDevice: blktraceRemap.toDevice.get(view, payload),
          fromSector: blktraceRemap.fromSector.get(view, payload),
        }
      : undefined,
    text:
      isNote && (action & 0xff) !== BlktraceNote.timestamp
        ? textOf(bytes, payload, payloadBytes)
        : undefined,
  };
}

function textOf(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = at; i < at + length && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Records of several CPUs in one order: by time, then as they were given. */
export function mergeBlktraces(traces: readonly (readonly BlktraceRecord[])[]): BlktraceRecord[] {
  return traces.flat().sort((a, b) => a.timeNs - b.timeNs);
}

/** The whole sectors of a record. */
export function sectorsOf(record: BlktraceRecord): number {
  return Math.floor(record.bytes / SECTOR_BYTES);
}
