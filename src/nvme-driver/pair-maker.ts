/** Memory for queue pairs: entries of both queues, and PRP lists for every command that can be in flight. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { CQE_BYTES, SQE_BYTES } from '../wire/nvme-entries.ts';
import { DOORBELL_BASE } from '../wire/nvme-registers.ts';
import { PrpWriter } from './prp-writer.ts';
import { QueuePair } from './queue-pair.ts';

/** Makes queue pairs from pages of an allocator. */
export class PairMaker {
  readonly #memory: GuestMemory;
  readonly #pages: PageAllocator;
  readonly #pageBytes: number;

  constructor(memory: GuestMemory, pages: PageAllocator, pageBytes: number) {
    this.#memory = memory;
    this.#pages = pages;
    this.#pageBytes = pageBytes;
  }

  /**
   * A pair with zeroed completion entries, or `undefined` when the allocator has no room.
   *
   * @param stride bytes from one doorbell to the next
   * @param maxBytes most data bytes of one command
   */
  make(
    id: number,
    entries: number,
    vector: number,
    stride: number,
    maxBytes: number,
  ): QueuePair | undefined {
    const listEntries = maxBytes / this.#pageBytes;
    const listBytes = PrpWriter.listBytes(listEntries, this.#pageBytes);
    const sq = this.#take(entries * SQE_BYTES);
    const cq = this.#take(entries * CQE_BYTES);
    const lists = this.#take((entries - 1) * listBytes);
    if (sq < 0 || cq < 0 || lists < 0) {
      if (sq >= 0) this.#pages.give(sq, pagesOf(entries * SQE_BYTES));
      if (cq >= 0) this.#pages.give(cq, pagesOf(entries * CQE_BYTES));
      if (lists >= 0) this.#pages.give(lists, pagesOf((entries - 1) * listBytes));
      return undefined;
    }
    // An entry left over from another life could carry the phase tag of a new one.
    this.#memory.fill(cq, 0, entries * CQE_BYTES);
    const prps = new PrpWriter(this.#memory, this.#pageBytes, listEntries);
    const doorbell = DOORBELL_BASE + 2 * id * stride;
    const at = { sq, cq, lists, listBytes };
    return new QueuePair(this.#memory, prps, id, entries, vector, doorbell, stride, at);
  }

  /** Gives back the pages of a pair. */
  give(pair: QueuePair): void {
    const { at, depth } = pair;
    this.#pages.give(at.sq, pagesOf(depth * SQE_BYTES));
    this.#pages.give(at.cq, pagesOf(depth * CQE_BYTES));
    this.#pages.give(at.lists, pagesOf((depth - 1) * at.listBytes));
  }

  #take(bytes: number): number {
    return this.#pages.take(pagesOf(bytes), this.#pageBytes / PAGE_BYTES);
  }
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
