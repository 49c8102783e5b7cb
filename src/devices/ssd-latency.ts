/**
 * A flash disk: pages lie on channels in turn, each channel reads or programs one page at a time, writes end when they are in the buffer.
 *
 * The default figures are those that NVMeVirt measured for a Samsung 970 PRO (its `ssd_config.h`): 8 channels of 2 dies, 4 KiB reads of
 * 29.76 us and 21.5 us of firmware, programming of 185 us for 32 KiB, a write buffer of 4 us and 460 ns per 4 KiB, a link of 3,360 MB/s.
 *
 * Does not model: garbage collection, wear, the difference between pages of one cell.
 */
import { assert } from '../base/assert.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';

/** Figures of an {@link SsdLatency}; times in virtual nanoseconds. */
export interface SsdLatencyOptions {
  /** Bytes of one logical block of the device. */
  blockBytes?: number;
  /** Units that work at the same time: channels times dies. */
  channels?: number;
  /** Reading one page of 4 KiB from flash. */
  readPageNs?: number;
  /** Programming, divided over the pages that are programmed at once. */
  programPageNs?: number;
  /** Firmware: each read. */
  readFirmwareNs?: number;
  /** Firmware: each write. */
  writeFirmwareNs?: number;
  /** Writing one page to the buffer. */
  bufferPageNs?: number;
  /** Pages that the write buffer holds. */
  bufferPages?: number;
  /** Moving one page over the link. */
  linkPageNs?: number;
}

const PAGE_BYTES = 4096;

/** Channels that are busy or not, and a write buffer that drains into them. */
export class SsdLatency implements LatencyProfile {
  readonly #options: Required<SsdLatencyOptions>;
  /** When each channel is free. */
  readonly #freeNs: Float64Array;
  /** When the link is free. */
  #linkFreeNs = 0;

  constructor(options: SsdLatencyOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    for (const [name, value] of Object.entries(this.#options)) {
      assert(Number.isSafeInteger(value) && value >= 0, `${name} is an integer of 0 and more`);
    }
    assert(this.#options.channels >= 1, 'an SSD has a channel');
    this.#freeNs = new Float64Array(this.#options.channels);
  }

  accessNs(now: number, write: boolean, lba: number, byteCount: number): number {
    const { blockBytes, linkPageNs } = this.#options;
    const first = Math.floor((lba * blockBytes) / PAGE_BYTES);
    const pages =
      Math.floor((lba * blockBytes + Math.max(byteCount, 1) - 1) / PAGE_BYTES) - first + 1;
    const ready = write ? this.#write(now, first, pages) : this.#read(now, first, pages);
    // Data crosses the link one page at a time, whoever it belongs to.
    this.#linkFreeNs = Math.max(this.#linkFreeNs + pages * linkPageNs, ready);
    return this.#linkFreeNs - now;
  }

  flushNs(now: number): number {
    let last = now;
    for (const free of this.#freeNs) last = Math.max(last, free);
    return last - now;
  }

  #read(now: number, first: number, pages: number): number {
    const { readPageNs, readFirmwareNs, linkPageNs } = this.#options;
    let ready = 0;
    for (let i = 0; i < pages; i++)
      ready = Math.max(ready, this.#occupy(now, first + i, readPageNs));
    return ready + readFirmwareNs + linkPageNs;
  }

  #write(now: number, first: number, pages: number): number {
    const { programPageNs, writeFirmwareNs, bufferPageNs, bufferPages, channels } = this.#options;
    let drained = now;
    for (let i = 0; i < pages; i++) {
      drained = Math.max(drained, this.#occupy(now, first + i, programPageNs));
    }
    const buffered = now + writeFirmwareNs + pages * bufferPageNs;
    // A full buffer passes the time of the flash on to the writer.
    const head = Math.floor(bufferPages / channels) * programPageNs;
    return Math.max(buffered, drained - head);
  }

  #occupy(now: number, page: number, ns: number): number {
    const channel = page % this.#freeNs.length;
    const done = Math.max(now, this.#freeNs[channel]!) + ns;
    this.#freeNs[channel] = done;
    return done;
  }
}

const DEFAULTS: Required<SsdLatencyOptions> = {
  blockBytes: 512,
  channels: 16,
  readPageNs: 29_760,
  programPageNs: 23_125,
  readFirmwareNs: 21_500,
  writeFirmwareNs: 4_000,
  bufferPageNs: 460,
  bufferPages: 4_096,
  linkPageNs: 1_219,
};
