/** Memory for queue pairs: entries of both queues, and lists for every command that can be in flight. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { CQE_BYTES, SQE_BYTES } from '../wire/nvme-entries.ts';
import { DOORBELL_BASE } from '../wire/nvme-registers.ts';
import { SGL_DESCRIPTOR_BYTES, Sgls } from '../wire/nvme-sgl.ts';
import { DataPointerWriter } from './data-pointer-writer.ts';
import { PrpWriter } from './prp-writer.ts';
import { QueuePair } from './queue-pair.ts';
import { SglWriter } from './sgl-writer.ts';

/** Most data blocks of one SGL. */
export const MAX_SGL_SEGMENTS = 128;

/** What a pair is made for. */
export interface PairPlan {
  id: number;
  /** Entries of each queue. */
  entries: number;
  /** Interrupt vector; -1 for a queue that is polled. */
  vector: number;
  /** Bytes from one doorbell to the next. */
  stride: number;
  /** Most data bytes of one command. */
  maxBytes: number;
  /** SGLS of the data pointer; 0 for PRPs alone. */
  sglSupport: number;
  /** Mean bytes of a segment from which an SGL is taken. */
  sglThresholdBytes: number;
}

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

  /** A pair with zeroed completion entries, or `undefined` when the allocator has no room. */
  make(plan: PairPlan): QueuePair | undefined {
    const { id, entries, vector, stride, maxBytes, sglSupport } = plan;
    const listEntries = maxBytes / this.#pageBytes;
    const prpBytes = PrpWriter.listBytes(listEntries, this.#pageBytes);
    const sglBytes = sglSupport === 0 ? 0 : MAX_SGL_SEGMENTS * SGL_DESCRIPTOR_BYTES;
    const listBytes = Math.max(prpBytes, sglBytes);
    const sq = this.#take(entries * SQE_BYTES);
    const cq = this.#take(entries * CQE_BYTES);
    const lists = this.#take((entries - 1) * listBytes);
    if (sq < 0 || cq < 0 || lists < 0) {
      if (sq >= 0) this.#pages.give(sq, pagesOf(entries * SQE_BYTES));
      if (cq >= 0) this.#pages.give(cq, pagesOf(entries * CQE_BYTES));
      if (lists >= 0) this.#pages.give(lists, pagesOf((entries - 1) * listBytes));
      return undefined;
    }
    const sqDoorbell = DOORBELL_BASE + 2 * id * stride;
    const cqDoorbell = sqDoorbell + stride;
    const identity = { id, depth: entries, vector, sqDoorbell, cqDoorbell };
    const at = { sq, cq, lists, listBytes };
    const pair = new QueuePair(this.#memory, this.#writer(plan, listEntries), identity, at);
    pair.restart();
    return pair;
  }

  /** Gives back the pages of a pair. */
  give(pair: QueuePair): void {
    const { at, depth } = pair;
    this.#pages.give(at.sq, pagesOf(depth * SQE_BYTES));
    this.#pages.give(at.cq, pagesOf(depth * CQE_BYTES));
    this.#pages.give(at.lists, pagesOf((depth - 1) * at.listBytes));
  }

  #writer(plan: PairPlan, listEntries: number): DataPointerWriter {
    const prps = new PrpWriter(this.#memory, this.#pageBytes, listEntries);
    const { maxBytes, sglSupport, sglThresholdBytes } = plan;
    const dwordOnly = sglSupport === Sgls.dwordOnly;
    const sgls =
      sglSupport === 0
        ? undefined
        : new SglWriter(this.#memory, MAX_SGL_SEGMENTS, maxBytes, dwordOnly);
    return new DataPointerWriter(prps, sgls, sglThresholdBytes);
  }

  #take(bytes: number): number {
    return this.#pages.take(pagesOf(bytes), this.#pageBytes / PAGE_BYTES);
  }
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
