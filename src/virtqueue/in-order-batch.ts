/** The driver's view of VIRTIO_F_IN_ORDER: one used entry stands for all chains up to the one that it names. VIRTIO 1.3, 2.7.9 and 2.8.9. */
import { NO_TOKEN } from '../interfaces/virtqueue.ts';
import type { ChainTable } from './chain-table.ts';
import type { StateReader } from './saved-state.ts';

/** Saved `InOrderBatch`. */
export interface InOrderBatchState {
  readonly oldest: number;
  readonly end: number;
  readonly length: number;
}

/** The batch that is being taken, and the oldest chain in flight. */
export class InOrderBatch {
  /** Is a batch not taken to its end? */
  isOpen = false;
  /** Bytes written into the chain that `open` or `step` returned: of one that was skipped, all that it has. */
  usedLength = 0;
  #oldest = 0;
  #end: number = NO_TOKEN;
  #length = 0;

  /** Everything up to `end` was used, `length` bytes being written into that one; returns the first. */
  open(chains: ChainTable, end: number, length: number): number {
    this.#end = end;
    this.#length = length;
    return this.step(chains);
  }

  /** The next chain of the batch. */
  step(chains: ChainTable): number {
    const id = this.#oldest;
    this.#oldest = chains.next[chains.words[(id << 2) + 1]!]!;
    this.isOpen = id !== this.#end;
    this.usedLength = this.isOpen ? chains.capacities[id]! : this.#length;
    return id;
  }

  /** Starts over. */
  clear(): void {
    this.isOpen = false;
    this.#oldest = 0;
  }

  /** Plain data. */
  save(): InOrderBatchState {
    return {
      oldest: this.#oldest,
      end: this.isOpen ? this.#end : NO_TOKEN,
      length: this.isOpen ? this.#length : 0,
    };
  }

  /** A batch from untrusted data, over a table that was checked: from the oldest chain on, all that is in flight must follow in the order of the ring. */
  static restore(from: StateReader, chains: ChainTable): InOrderBatch {
    const last = Math.max(0, chains.size - 1);
    const batch = new InOrderBatch();
    batch.#oldest = from.int('oldest', 0, last);
    batch.#end = from.int('end', NO_TOKEN, last);
    batch.#length = from.int('length', 0, 0xffff_ffff);
    batch.isOpen = batch.#end !== NO_TOKEN;
    let id = batch.#oldest;
    let left = chains.size - chains.numFree;
    while (left > 0) {
      if (chains.words[id << 2]! < 0) from.refuse('oldest', 'the oldest chain in flight');
      left -= chains.words[(id << 2) + 2]!;
      id = chains.next[chains.words[(id << 2) + 1]!]!;
    }
    if (id !== chains.freeHead) from.refuse('oldest', 'chains in the order of the ring');
    if (batch.isOpen && chains.words[batch.#end << 2]! < 0) {
      from.refuse('end', 'a chain in flight');
    }
    return batch;
  }
}
