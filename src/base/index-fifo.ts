/** A queue of small integers: slot numbers that wait in order, without an allocation each. */
import { assert } from './assert.ts';

/** First in, first out, up to a capacity. */
export class IndexFifo {
  readonly #ring: Int32Array;
  readonly #mask: number;
  #head = 0;
  #count = 0;

  /** @param capacity the most that can wait */
  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity >= 0, 'IndexFifo capacity is an integer >= 0');
    let size = 1;
    while (size < capacity) size *= 2;
    this.#ring = new Int32Array(size);
    this.#mask = size - 1;
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /** Adds `index` at the end. */
  push(index: number): void {
    assert(this.#count <= this.#mask, 'IndexFifo has room');
    this.#ring[(this.#head + this.#count) & this.#mask] = index;
    this.#count += 1;
  }

  /** The first, left where it is; -1 when none waits. */
  peek(): number {
    return this.#count === 0 ? -1 : this.#ring[this.#head]!;
  }

  /** Takes the first; -1 when none waits. */
  shift(): number {
    if (this.#count === 0) return -1;
    const index = this.#ring[this.#head]!;
    this.#head = (this.#head + 1) & this.#mask;
    this.#count -= 1;
    return index;
  }

  /** Takes the first occurrence of `index` out of the queue; false when it does not wait. */
  remove(index: number): boolean {
    for (let i = 0; i < this.#count; i++) {
      if (this.#ring[(this.#head + i) & this.#mask] !== index) continue;
      for (let j = i; j > 0; j--) {
        const to = (this.#head + j) & this.#mask;
        this.#ring[to] = this.#ring[(this.#head + j - 1) & this.#mask]!;
      }
      this.shift();
      return true;
    }
    return false;
  }
}
