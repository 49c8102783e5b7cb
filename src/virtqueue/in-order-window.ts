/** The chains that a device has out under VIRTIO_F_IN_ORDER, and how far they may become visible. VIRTIO 1.3, 2.7.9 and 2.8.9. */
import { assert } from '../base/assert.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import type { StateReader } from './saved-state.ts';

const FREE = -1;
const OUT = 0;
const DONE = 1;

/** Saved `InOrderWindow`: by chain, oldest first. */
export interface InOrderWindowState {
  readonly ids: readonly number[];
  /** 1 when the chain is used and not visible. */
  readonly states: readonly number[];
  readonly descriptors: readonly number[];
  /** Bytes of the writable part. */
  readonly writable: readonly number[];
  /** Bytes written. */
  readonly lengths: readonly number[];
}

/**
 * Holds back what was used out of turn, and joins what may be joined.
 *
 * A driver takes a chain that a batch skips for completely written; so a batch goes on behind a chain only when that was.
 */
export class InOrderWindow {
  /** Id of the last chain of the batch that was taken. */
  batchId = 0;
  /** Bytes written into that chain. */
  batchLength = 0;
  /** Chains of the batch. */
  batchCount = 0;
  /** Descriptors of the batch. */
  batchDescriptors = 0;
  /** Has the last chain of the batch a writable part? */
  batchHasWritable = false;

  readonly #size: number;
  readonly #slotOfId: Int32Array;
  readonly #ids: Uint16Array;
  readonly #states: Int8Array;
  readonly #descriptors: Uint16Array;
  readonly #writable: Float64Array;
  readonly #lengths: Float64Array;
  #oldest = 0;
  #count = 0;

  /** @param size queue size; ids are below it */
  constructor(size: number) {
    this.#size = size;
    this.#slotOfId = new Int32Array(size).fill(FREE);
    this.#ids = new Uint16Array(size);
    this.#states = new Int8Array(size);
    this.#descriptors = new Uint16Array(size);
    this.#writable = new Float64Array(size);
    this.#lengths = new Float64Array(size);
  }

  /** A chain was popped; false when its id is out already. At most `size` chains are out. */
  open(id: number, chain: VirtqueueChain): boolean {
    if (this.#slotOfId[id] !== FREE) return false;
    const slot = (this.#oldest + this.#count) % this.#size;
    this.#slotOfId[id] = slot;
    this.#ids[slot] = id;
    this.#states[slot] = OUT;
    this.#descriptors[slot] = chain.descriptorCount;
    this.#writable[slot] = chain.writable.byteLength;
    this.#count += 1;
    return true;
  }

  /** The last `count` chains were put back. */
  takeBack(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#count -= 1;
      const slot = (this.#oldest + this.#count) % this.#size;
      assert(this.#states[slot] === OUT, 'discard puts back chains that are not used');
      this.#slotOfId[this.#ids[slot]!] = FREE;
    }
  }

  /** Chain `id` is used. */
  close(id: number, writtenLength: number): void {
    const slot = this.#slotOfId[id] ?? FREE;
    assert(slot !== FREE && this.#states[slot] === OUT, 'addUsed takes a chain that is out');
    this.#states[slot] = DONE;
    this.#lengths[slot] = writtenLength;
  }

  /** Takes the oldest chains that one used entry can stand for; false when the oldest is not used yet. */
  takeBatch(): boolean {
    this.batchCount = 0;
    this.batchDescriptors = 0;
    while (this.#count > 0 && this.#states[this.#oldest] === DONE) {
      const slot = this.#oldest;
      this.batchId = this.#ids[slot]!;
      this.batchLength = this.#lengths[slot]!;
      this.batchCount += 1;
      this.batchDescriptors += this.#descriptors[slot]!;
      this.batchHasWritable = this.#writable[slot]! > 0;
      this.#slotOfId[this.batchId] = FREE;
      this.#oldest = (slot + 1) % this.#size;
      this.#count -= 1;
      if (this.batchLength !== this.#writable[slot]) break;
    }
    return this.batchCount > 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.#slotOfId.fill(FREE);
    this.#oldest = 0;
    this.#count = 0;
  }

  /** Plain data. */
  save(): InOrderWindowState {
    const column = (array: ArrayLike<number>): number[] =>
      Array.from({ length: this.#count }, (_, i) => array[(this.#oldest + i) % this.#size]!);
    return {
      ids: column(this.#ids),
      states: column(this.#states),
      descriptors: column(this.#descriptors),
      writable: column(this.#writable),
      lengths: column(this.#lengths),
    };
  }

  /**
   * A window from untrusted data, of `count` chains.
   *
   * @throws ConfigError unless each id is out once
   */
  static restore(from: StateReader, size: number, count: number): InOrderWindow {
    const window = new InOrderWindow(size);
    const ids = from.ints('ids', count, 0, size - 1);
    if (new Set(ids).size !== count) from.refuse('ids', 'each id once');
    ids.forEach((id, slot) => {
      window.#slotOfId[id] = slot;
    });
    window.#count = count;
    window.#ids.set(ids);
    window.#states.set(from.ints('states', count, OUT, DONE));
    window.#descriptors.set(from.ints('descriptors', count, 1, size));
    window.#writable.set(from.ints('writable', count, 0, 2 ** 32));
    window.#lengths.set(from.ints('lengths', count, 0, 2 ** 32));
    return window;
  }
}
