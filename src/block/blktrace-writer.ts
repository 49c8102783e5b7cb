/**
 * Writes the events of a block device as a binary trace that `blkparse` and `btt` read: one stream, as of one CPU.
 *
 * A file that `blkparse -i NAME` reads is called `NAME.blktrace.0`. Several devices may be written to one stream.
 *
 * Does not model: CPUs and processes. All records are of CPU 0 and of one process of your naming.
 */

import { type BioOp, SECTOR_BYTES } from '../interfaces/bio.ts';
import { BlockAction, type BlockObserver } from '../interfaces/block-observer.ts';
import type { Executor } from '../interfaces/executor.ts';
import { blkErrnoOf } from './blk-errno.ts';
import {
  BLKTRACE_MAGIC,
  BLKTRACE_RECORD_BYTES,
  BLKTRACE_REMAP,
  BlktraceCategory,
  BlktraceNote,
  blkIoTrace,
  blktraceCategory,
  blktraceNumber,
  blktraceRemap,
} from './blktrace-record.ts';

/** Records are gathered to pieces of at most this many bytes. */
const PIECE_BYTES = 1 << 16;

/** Most bytes of a record with its payload. */
const LARGEST_RECORD = BLKTRACE_RECORD_BYTES + 16;

/** How a {@link BlktraceWriter} names what it sees. */
export interface BlktraceWriterOptions {
  /** Number of the device, as {@link deviceNumber} makes it; (254, 0) unless given. */
  device?: number;
  /** Process that all records name; 1 unless given. */
  pid?: number;
  /** Its name, of up to 15 characters; `lio-nvme` unless given. */
  processName?: string;
}

/** The number of a device: major number << 20 | minor number. */
export function deviceNumber(major: number, minor: number): number {
  return ((major << 20) | minor) >>> 0;
}

/** An observer that writes a binary trace. */
export class BlktraceWriter implements BlockObserver {
  readonly #executor: Executor;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #device: number;
  readonly #pid: number;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  readonly #view = new DataView(this.#piece.buffer);
  #at = 0;
  #sequence = 0;

  /** @param write receives the trace in pieces; a piece is only good during the call, so copy what you keep */
  constructor(
    executor: Executor,
    write: (bytes: Uint8Array) => void,
    options: BlktraceWriterOptions = {},
  ) {
    this.#executor = executor;
    this.#write = write;
    this.#device = options.device ?? deviceNumber(254, 0);
    this.#pid = options.pid ?? 1;
    this.#noteProcess(options.processName ?? 'lio-nvme');
  }

  /** Hands on what is gathered; call it when the run is over. */
  flush(): void {
    if (this.#at > 0) this.#write(this.#piece.subarray(0, this.#at));
    this.#at = 0;
  }

  event(
    action: BlockAction,
    _ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
    extra: number,
  ): void {
    const isPlug = action === BlockAction.unplugged || action === BlockAction.unplugTimer;
    if (isPlug || action === BlockAction.plugged) {
      // A plug is of no operation: the record says so by its missing length.
      this.#record(action, BlktraceCategory.read | BlktraceCategory.queue, 0, 0, isPlug ? 8 : 0);
    } else {
      const category = blktraceCategory(action, op, flags);
      const payload = action === BlockAction.split ? 8 : 0;
      this.#record(action, category, sector, sectorCount, payload);
    }
    if (isPlug || action === BlockAction.split) {
      blktraceNumber.value.set(this.#view, this.#at - 8, extra);
    } else if (action === BlockAction.completed) {
      blkIoTrace.error.set(this.#view, this.#at - BLKTRACE_RECORD_BYTES, -blkErrnoOf(extra));
    }
  }

  remapped(
    _ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
    fromDevice: number,
    fromSector: number,
  ): void {
    const category = blktraceCategory(BLKTRACE_REMAP, op, flags);
    this.#record(BLKTRACE_REMAP, category, sector, sectorCount, 16);
    const at = this.#at - 16;
    blktraceRemap.fromDevice.set(this.#view, at, fromDevice);
    blktraceRemap.toDevice.set(this.#view, at, this.#device);
    blktraceRemap.fromSector.set(this.#view, at, fromSector);
  }

  #record(
    action: number,
    category: number,
    sector: number,
    sectorCount: number,
    payloadBytes: number,
  ): void {
    if (this.#at + LARGEST_RECORD > PIECE_BYTES) this.flush();
    const at = this.#at;
    const view = this.#view;
    const isNote = category === BlktraceCategory.notify;
    if (!isNote) this.#sequence += 1;
    blkIoTrace.magic.set(view, at, BLKTRACE_MAGIC);
    blkIoTrace.sequence.set(view, at, isNote ? 0 : this.#sequence);
    blkIoTrace.time.set(view, at, this.#executor.now);
    blkIoTrace.sector.set(view, at, sector);
    blkIoTrace.bytes.set(view, at, sectorCount * SECTOR_BYTES);
    blkIoTrace.action.set(view, at, action);
    blkIoTrace.category.set(view, at, category);
    blkIoTrace.pid.set(view, at, this.#pid);
    blkIoTrace.device.set(view, at, this.#device);
    blkIoTrace.cpu.set(view, at, 0);
    blkIoTrace.error.set(view, at, 0);
    blkIoTrace.payloadBytes.set(view, at, payloadBytes);
    this.#at = at + BLKTRACE_RECORD_BYTES + payloadBytes;
  }

  #noteProcess(name: string): void {
    this.#record(BlktraceNote.process, BlktraceCategory.notify, 0, 0, 16);
    for (let i = 0; i < 16; i++) {
      this.#piece[this.#at - 16 + i] = i < 15 && i < name.length ? name.charCodeAt(i) & 0x7f : 0;
    }
  }
}
