/**
 * What a namespace knows of its blocks beside their data: which are deallocated, which are marked uncorrectable, and their metadata.
 *
 * Does not model: any of it outlasting this object, as a unit's own data may.
 */
import { PageStore } from '../../memory/page-store.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import type { BlockBuffer } from './block-buffer.ts';
import type { FormatInUse } from './lba-format.ts';
import { tupleAt } from './protection.ts';
import { SparseBits } from './sparse-bits.ts';

/** Keeps the states of the blocks of one format. */
export class BlockStates {
  readonly #format: FormatInUse;
  readonly #written = new SparseBits();
  readonly #uncorrectable = new SparseBits();
  readonly #metadata: PageStore | undefined;

  /** All blocks are deallocated, and none is uncorrectable. */
  constructor(format: FormatInUse, blockCount: number) {
    this.#format = format;
    const bytes = blockCount * format.metadataBytes;
    this.#metadata = bytes > 0 ? new PageStore(bytes) : undefined;
  }

  /** Blocks that are not deallocated. */
  get writtenCount(): number {
    return this.#written.total;
  }

  /** Blocks were written; their metadata is that of `buffer`. */
  wrote(slba: number, blocks: number, buffer: BlockBuffer | undefined): void {
    this.#written.add(slba, blocks);
    this.#uncorrectable.remove(slba, blocks);
    if (this.#metadata === undefined || buffer === undefined) return;
    const { metadataBytes } = this.#format;
    this.#metadata.store(slba * metadataBytes, buffer.metadata, 0, blocks * metadataBytes);
  }

  /** Blocks were deallocated. */
  deallocated(slba: number, blocks: number): void {
    this.#written.remove(slba, blocks);
    this.#uncorrectable.remove(slba, blocks);
  }

  /** Blocks were marked: reading them fails until they are written. */
  spoil(slba: number, blocks: number): void {
    this.#uncorrectable.add(slba, blocks);
  }

  /** May the blocks be read? @param reportsDeallocated the host wants to be told of deallocated blocks (DULBE) */
  readStatus(slba: number, blocks: number, reportsDeallocated: boolean): number {
    if (this.#uncorrectable.hasAny(slba, blocks)) return NvmeStatus.unrecoveredReadError;
    if (reportsDeallocated && !this.#written.hasAll(slba, blocks)) {
      return NvmeStatus.deallocatedBlock;
    }
    return NvmeStatus.success;
  }

  /** Fetches the metadata of the blocks; that of deallocated ones is zeroes, and all ones where protection information lies. */
  loadMetadata(slba: number, buffer: BlockBuffer): void {
    const { metadataBytes, protectionBytes } = this.#format;
    const { blocks, metadata } = buffer;
    this.#metadata?.load(slba * metadataBytes, metadata, 0, blocks * metadataBytes);
    for (let i = 0; i < blocks; i++) {
      if (metadataBytes === 0 || this.#written.has(slba + i)) continue;
      const tuple = tupleAt(this.#format, i);
      metadata.fill(0, i * metadataBytes, (i + 1) * metadataBytes);
      metadata.fill(0xff, tuple, tuple + protectionBytes);
    }
  }
}
