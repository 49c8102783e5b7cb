import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { Permutation } from '../../src/workload/permutation.ts';
import { checkProperty, runs } from '../support/runs.ts';

describe('Permutation', () => {
  it('gives each integer once in every pass, for any count and seed', () => {
    checkProperty(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), (count, seed) => {
        const order = new Permutation(makePrng(seed), count);
        for (let pass = 0; pass < 3; pass++) {
          const values = Array.from({ length: count }, () => order.next());
          expect(new Set(values).size).toBe(count);
          expect(Math.max(...values)).toBe(count - 1);
        }
      }),
      runs(100),
    );
  });

  it('gives another order in the next pass, and the same one for the same seed', () => {
    const draw = (order: Permutation): number[] => Array.from({ length: 100 }, () => order.next());
    const order = new Permutation(makePrng(1), 100);
    const first = draw(order);
    expect(draw(order)).not.toEqual(first);
    expect(draw(new Permutation(makePrng(1), 100))).toEqual(first);
    expect(draw(new Permutation(makePrng(2), 100))).not.toEqual(first);
  });

  it('starts evenly: each of 100 integers comes first about as often', () => {
    const firsts = new Array<number>(100).fill(0);
    for (let seed = 0; seed < 20_000; seed++) {
      firsts[new Permutation(makePrng(seed), 100).next()]! += 1;
    }
    // Chi-squared with 99 degrees of freedom: 149 is exceeded once in a thousand times.
    const spread = firsts.reduce((sum, seen) => sum + (seen - 200) ** 2 / 200, 0);
    expect(spread).toBeLessThan(149);
  });

  it('follows each integer evenly by the others: no distance between neighbours is preferred', () => {
    const count = 4096;
    const order = new Permutation(makePrng(3), count);
    const bins = new Array<number>(64).fill(0);
    let last = order.next();
    for (let i = 1; i < count * 20; i++) {
      const next = order.next();
      bins[((next - last + count) % count) >> 6]! += 1;
      last = next;
    }
    const mean = (count * 20) / 64;
    const spread = bins.reduce((sum, seen) => sum + (seen - mean) ** 2 / mean, 0);
    expect(spread).toBeLessThan(104);
  });

  it('is right beyond 32 bits', () => {
    const count = 2 ** 40 + 3;
    const order = new Permutation(makePrng(9), count);
    const values = Array.from({ length: 5_000 }, () => order.next());
    expect(new Set(values).size).toBe(5_000);
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < count)).toBe(
      true,
    );
    expect(values.filter((value) => value > 2 ** 39).length).toBeGreaterThan(2_200);
  });

  it('refuses a count that is none', () => {
    expect(() => new Permutation(makePrng(1), 0)).toThrow(/count/);
  });
});
