/** A small splittable generator (xoshiro128**, seeded through a 32-bit mixer); the same on every engine. */
import { assert } from '../base/assert.ts';
import type { Prng } from '../interfaces/prng.ts';

/** Makes a stream from a seed: an integer of 0 .. 2^53 - 1. */
export function makePrng(seed: number): Prng {
  assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is an integer 0 .. 2^53 - 1');
  return new Xoshiro(seed >>> 0, Math.floor(seed / 0x1_0000_0000));
}

class Xoshiro implements Prng {
  readonly #seedLo: number;
  readonly #seedHi: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seedLo: number, seedHi: number) {
    this.#seedLo = seedLo;
    this.#seedHi = seedHi;
    this.#a = mix(seedLo ^ 0x9e37_79b9);
    this.#b = mix(seedHi ^ this.#a);
    this.#c = mix(this.#b + 0x9e37_79b9);
    // The state must not be all zero; one odd word is enough.
    this.#d = mix(this.#c + 0x9e37_79b9) | 1;
  }

  next32(): number {
    return this.#draw() >>> 0;
  }

  /** The next 32 bits with a sign: an integer that is never boxed on its way back from a call. */
  #draw(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return scrambled;
  }

  below(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound >= 1, 'bound is an integer 1 .. 2^53 - 1');
    if (bound <= 0x1_0000_0000) {
      // Values in the incomplete last stretch of 2^32 are thrown away, so that each result is equally likely.
      const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
      for (;;) {
        const value = this.#draw() >>> 0;
        if (value < limit) return value % bound;
      }
    }
    const limit = 2 ** 53 - (2 ** 53 % bound);
    for (;;) {
      const value = (this.next32() >>> 11) * 0x1_0000_0000 + this.next32();
      if (value < limit) return value % bound;
    }
  }

  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  split(name: string): Prng {
    let lo = this.#seedLo ^ 0x85eb_ca6b;
    let hi = this.#seedHi ^ 0xc2b2_ae35;
    for (let i = 0; i < name.length; i++) {
      lo = mix(lo ^ name.charCodeAt(i));
      hi = mix(hi + lo);
    }
    return new Xoshiro(lo >>> 0, hi >>> 0);
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) | 0;
}
