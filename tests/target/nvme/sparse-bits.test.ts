import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SparseBits } from '../../../src/target/nvme/sparse-bits.ts';
import { checkProperty, runs } from '../../support/runs.ts';

const SIZE = 100_000;
const step = fc.record({
  add: fc.boolean(),
  at: fc.nat(SIZE),
  count: fc.oneof(fc.nat(40), fc.nat(SIZE)),
});

describe('SparseBits', () => {
  it('is the set of numbers that a plain set would be', () => {
    const property = fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const bits = new SparseBits();
      const plain = new Uint8Array(2 * SIZE + 1);
      for (const { add, at, count } of steps) {
        if (add) bits.add(at, count);
        else bits.remove(at, count);
        plain.fill(add ? 1 : 0, at, at + count);
      }
      const inRange = (at: number, count: number) =>
        plain.subarray(at, at + count).reduce((sum, each) => sum + each, 0);
      expect(bits.total).toBe(inRange(0, plain.length));
      for (const { at, count } of steps) {
        const members = inRange(at, count);
        expect(bits.hasAny(at, count)).toBe(members > 0);
        expect(bits.hasAll(at, count)).toBe(members === count);
        expect(bits.has(at)).toBe(plain[at] === 1);
      }
    });
    checkProperty(property, runs(60, 600));
  });

  it('takes ranges of any size, and forgets them', () => {
    const bits = new SparseBits();
    bits.add(2 ** 36 + 5, 3);
    expect([bits.has(2 ** 36 + 7), bits.has(2 ** 36 + 8), bits.total]).toEqual([true, false, 3]);
    bits.clear();
    expect([bits.hasAny(0, 2 ** 37), bits.total]).toEqual([false, 0]);
  });
});
