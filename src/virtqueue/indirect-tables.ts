/** Where a driver keeps its indirect tables. VIRTIO 1.3, 2.7.5.3 and 2.8.7. */
import { ConfigError } from '../base/assert.ts';
import { UNMAPPED_ADDRESS } from '../base/sg-list.ts';
import { DESC_BYTES } from './ring-layout.ts';

/** Gives each chain the room of its indirect table. Keeps no table open: what `give` is told is free at once. */
export interface IndirectTables {
  /** Room for `count` descriptors for chain `id` (below the queue size): an address, a multiple of 4, or -1 when there is none. */
  take(id: number, count: number): number;
  /** The device is done with the table of chain `id`. */
  give(id: number): void;
}

/** Indirect tables in one area, one place of a fixed size for each chain id: nothing to allocate and nothing to lose. */
export class IndirectArea implements IndirectTables {
  /** Most descriptors of one table. */
  readonly maxCount: number;
  /** Bytes from one place to the next. */
  readonly strideBytes: number;
  readonly #base: number;

  /**
   * @param base address of the area, a multiple of 16; it takes `queueSize * maxCount * 16` bytes
   * @throws ConfigError when the area is not aligned or does not lie below 2^53
   */
  constructor(base: number, queueSize: number, maxCount: number) {
    if (!Number.isInteger(maxCount) || maxCount < 2 || maxCount > 65536) {
      throw new ConfigError('maxCount', maxCount, 'an integer 2..65536');
    }
    const byteLength = queueSize * maxCount * DESC_BYTES;
    if (!Number.isSafeInteger(base) || base < 0 || base % DESC_BYTES !== 0) {
      throw new ConfigError('base', base, 'a multiple of 16');
    }
    if (!(base + byteLength <= UNMAPPED_ADDRESS)) {
      throw new ConfigError('base', base, 'an area that ends below 2^53');
    }
    this.maxCount = maxCount;
    this.strideBytes = maxCount * DESC_BYTES;
    this.#base = base;
  }

  take(id: number, count: number): number {
    return count <= this.maxCount ? this.#base + id * this.strideBytes : -1;
  }

  give(_id: number): void {}
}
