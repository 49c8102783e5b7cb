/** Chance: the only source of randomness below level 5. */

/** A deterministic stream of numbers that can be split into independent ones by name. */
export interface Prng {
  /** The next 32 bits, as an integer 0 .. 2^32 - 1. */
  next32(): number;
  /** An integer 0 .. bound - 1, evenly spread; `bound` is an integer 1 .. 2^53 - 1. */
  below(bound: number): number;
  /** True once in `n` calls on average; `n` is an integer of 1 and more. */
  oneIn(n: number): boolean;
  /** A stream of its own, decided by this stream's seed and `name` alone, not by how far this stream has run. */
  split(name: string): Prng;
}
