import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import type { Prng } from '../../src/interfaces/prng.ts';
import { makePrng } from '../../src/sim/prng.ts';

const take = (prng: Prng, n: number): number[] => Array.from({ length: n }, () => prng.next32());

describe('makePrng', () => {
  it('gives the same numbers for the same seed on every engine', () => {
    expect(take(makePrng(1), 4)).toEqual(take(makePrng(1), 4));
    expect(take(makePrng(1), 4)).not.toEqual(take(makePrng(2), 4));
    expect(take(makePrng(1), 4)).not.toEqual(take(makePrng(1 + 2 ** 32), 4));
  });

  it('splits by name, whatever was drawn before', () => {
    const a = makePrng(7);
    const before = take(a.split('disk'), 4);
    take(a, 100);
    expect(take(a.split('disk'), 4)).toEqual(before);
    expect(take(a.split('file'), 4)).not.toEqual(before);
  });

  it('spreads evenly below a bound that is no power of two', () => {
    const prng = makePrng(3);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[prng.below(7)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('reaches numbers above 2^32 and stays below the bound', () => {
    const prng = makePrng(5);
    const bound = 2 ** 40 + 3;
    let largest = 0;
    for (let i = 0; i < 1_000; i++) {
      const value = prng.below(bound);
      expect(value).toBeLessThan(bound);
      largest = Math.max(largest, value);
    }
    expect(largest).toBeGreaterThan(2 ** 39);
  });

  it('says yes once in n', () => {
    const prng = makePrng(9);
    let yes = 0;
    for (let i = 0; i < 10_000; i++) if (prng.oneIn(10)) yes += 1;
    expect(Math.abs(yes - 1_000)).toBeLessThan(150);
  });

  it('refuses a seed or bound that is no integer in range', () => {
    expect(() => makePrng(-1)).toThrow(InvariantError);
    expect(() => makePrng(0.5)).toThrow(InvariantError);
    expect(() => makePrng(1).below(0)).toThrow(InvariantError);
  });
});
