/** A pool of small integers, last freed first taken. */
import { assert } from './assert.ts';

/** Hands out the integers `0 .. capacity - 1`, each to one holder at a time. */
export class IdPool {
  /** How many ids exist. */
  readonly capacity: number;
  readonly #free: Int32Array;
  readonly #taken: Uint8Array;
  #freeCount: number;

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity >= 0, 'IdPool capacity is an integer >= 0');
    this.capacity = capacity;
    this.#free = new Int32Array(capacity);
    this.#taken = new Uint8Array(capacity);
    this.#freeCount = capacity;
    for (let id = 0; id < capacity; id++) this.#free[id] = capacity - 1 - id;
  }

  /** How many ids are free now. */
  get freeCount(): number {
    return this.#freeCount;
  }

  /** Takes an id, or returns -1 when none is free. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    this.#freeCount -= 1;
    const id = this.#free[this.#freeCount]!;
    this.#taken[id] = 1;
    return id;
  }

  /** Gives `id` back. Giving back what is not taken is an {@link InvariantError}. */
  give(id: number): void {
    assert(this.#taken[id] === 1, 'IdPool.give takes an id that is held');
    this.#taken[id] = 0;
    this.#free[this.#freeCount] = id;
    this.#freeCount += 1;
  }

  /** Is `id` held by somebody now? Any number may be asked. */
  isTaken(id: number): boolean {
    return this.#taken[id] === 1;
  }
}
