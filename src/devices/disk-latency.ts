/**
 * A disk that rotates: one head that seeks, waits for its sector to come round, and reads or writes as it passes.
 *
 * What goes on where the last request ended needs neither: the track buffer has it, or takes it. Seek times are a table by distance with
 * straight lines between its entries, so that all is in integers. A request waits for the one before it. The default is a 7,200 rpm disk:
 * 8.33 ms a turn, 0.6 ms to the next track, 8.5 ms over a third of the disk, 16 ms over all of it.
 *
 * Does not model: zones of different density, read-ahead beyond the next request, reordering by position.
 */
import { assert } from '../base/assert.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';

/** Geometry and times of a {@link DiskLatency}. */
export interface DiskLatencyOptions {
  /** Blocks of the whole disk. */
  blockCount: number;
  /** Bytes of one logical block; 512 unless given. */
  blockBytes?: number;
  /** Blocks of one track. */
  trackBlocks?: number;
  /** One turn, in nanoseconds. */
  turnNs?: number;
  /** Handling of each request. */
  overheadNs?: number;
  /** Are writes done when they are in the disk's own buffer? The head follows later. */
  writeBuffer?: boolean;
}

/** Seek time in nanoseconds by distance in thousandths of the disk. */
const SEEK_TABLE: readonly (readonly [number, number])[] = [
  [0, 600_000],
  [10, 2_000_000],
  [100, 5_000_000],
  [333, 8_500_000],
  [1000, 16_000_000],
];

/** One head over one stack of tracks. */
export class DiskLatency implements LatencyProfile {
  readonly #options: Required<DiskLatencyOptions>;
  readonly #tracks: number;
  #track = 0;
  /** Where the last request ended. */
  #nextLba = -1;
  /** When the head is free. */
  #freeNs = 0;

  constructor(options: DiskLatencyOptions) {
    this.#options = { ...DEFAULTS, ...options };
    const { blockCount, trackBlocks, turnNs } = this.#options;
    assert(blockCount >= 1 && trackBlocks >= 1 && turnNs >= 1, 'a disk has blocks and turns');
    this.#tracks = Math.ceil(blockCount / trackBlocks);
  }

  accessNs(now: number, write: boolean, lba: number, byteCount: number): number {
    const { blockBytes, overheadNs, writeBuffer } = this.#options;
    const start = Math.max(now, this.#freeNs) + overheadNs;
    this.#freeNs = this.#move(start, lba, Math.ceil(byteCount / blockBytes));
    return (write && writeBuffer ? start : this.#freeNs) - now;
  }

  flushNs(now: number): number {
    return Math.max(now, this.#freeNs) - now;
  }

  /** Seeks, waits for the sector, transfers; when that is done. */
  #move(start: number, lba: number, blocks: number): number {
    const { trackBlocks, turnNs } = this.#options;
    const transferNs = Math.ceil((blocks * turnNs) / trackBlocks);
    const isNext = lba === this.#nextLba;
    const tracks = Math.abs(Math.floor(lba / trackBlocks) - this.#track);
    this.#nextLba = lba + blocks;
    this.#track = Math.floor((lba + Math.max(blocks, 1) - 1) / trackBlocks);
    if (isNext) return start + transferNs;
    const settled = start + this.#seekNs(tracks);
    const angleNs = Math.floor(((lba % trackBlocks) * turnNs) / trackBlocks);
    const waitNs = (angleNs + turnNs - (settled % turnNs)) % turnNs;
    return settled + waitNs + transferNs;
  }

  #seekNs(tracks: number): number {
    if (tracks === 0) return 0;
    const distance = Math.min(1000, Math.floor((tracks * 1000) / this.#tracks));
    for (let i = 1; i < SEEK_TABLE.length; i++) {
      const [near, nearNs] = SEEK_TABLE[i - 1]!;
      const [far, farNs] = SEEK_TABLE[i]!;
      if (distance > far) continue;
      return nearNs + Math.floor(((farNs - nearNs) * (distance - near)) / (far - near));
    }
    return SEEK_TABLE.at(-1)![1];
  }
}

const DEFAULTS = {
  blockBytes: 512,
  trackBlocks: 2_048,
  turnNs: 8_333_333,
  overheadNs: 20_000,
  writeBuffer: false,
};
