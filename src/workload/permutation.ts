/**
 * A random order of the integers 0 .. count - 1 in constant memory: what fio's random map is for. A Feistel network over the
 * next power of two, whose values beyond the count are skipped; each pass has keys of its own.
 */
import { assert } from '../base/assert.ts';
import type { Prng } from '../interfaces/prng.ts';

/** Rounds of the network. Four make it a good permutation; the rest is for the very small ones. */
const ROUNDS = 8;
/** Most integers: the two halves of one must be 32-bit words. */
const MAX_COUNT = 2 ** 52;

/** Gives each integer 0 .. count - 1 once in a random order, and then again in another one. */
export class Permutation {
  readonly #prng: Prng;
  readonly #count: number;
  readonly #domain: number;
  readonly #keys = new Int32Array(ROUNDS);
  readonly #leftMask: number;
  readonly #rightMask: number;
  readonly #rightSize: number;
  /** The next position in the domain. */
  #at: number;

  constructor(prng: Prng, count: number) {
    assert(Number.isSafeInteger(count) && count >= 1 && count <= MAX_COUNT, 'a count of 1 .. 2^52');
    this.#prng = prng;
    this.#count = count;
    let domain = 4;
    let leftSize = 2;
    let rightSize = 2;
    while (domain < count) {
      domain *= 2;
      if (rightSize === leftSize) rightSize *= 2;
      else leftSize *= 2;
    }
    this.#domain = domain;
    this.#leftMask = leftSize - 1;
    this.#rightMask = rightSize - 1;
    this.#rightSize = rightSize;
    this.#at = domain;
  }

  /** The next integer of this pass, or the first one of the next pass. */
  next(): number {
    for (;;) {
      if (this.#at === this.#domain) this.#begin();
      const value = this.#permute(this.#at);
      this.#at += 1;
      if (value < this.#count) return value;
    }
  }

  #begin(): void {
    for (let round = 0; round < ROUNDS; round++) this.#keys[round] = this.#prng.next32();
    this.#at = 0;
  }

  #permute(index: number): number {
    let left = Math.floor(index / this.#rightSize);
    let right = index - left * this.#rightSize;
    for (let round = 0; round < ROUNDS; round += 2) {
      left ^= mix(right ^ this.#keys[round]!) & this.#leftMask;
      right ^= mix(left ^ this.#keys[round + 1]!) & this.#rightMask;
    }
    return left * this.#rightSize + right;
  }
}

/** Spreads each bit of a word over all bits. */
function mix(word: number): number {
  let x = Math.imul(word ^ (word >>> 16), 0x45d9_f3b7);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b_3c6d);
  return x ^ (x >>> 16);
}
