import { describe, expect, it } from 'vitest';
import { allocatedPerOp, median, retainedPerOp } from './heap.ts';

/** Where results go, so that the compiler keeps the work. */
const sink: unknown[] = [];

function allocate(count: number): void {
  for (let i = 0; i < count; i++) sink[0] = { a: i, b: i, c: i, d: i };
}

function compute(count: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = (sum + i) | 0;
  sink[0] = sum;
}

describe('allocatedPerOp', () => {
  it('finds nothing where nothing is allocated', () => {
    expect(allocatedPerOp(compute)).toBeLessThan(0.1);
  });

  it('finds the bytes of one small object', () => {
    expect(allocatedPerOp(allocate)).toBeGreaterThan(16);
    expect(allocatedPerOp(allocate)).toBeLessThan(64);
  });

  it('finds a large amount although the collector could run', () => {
    const fill = (count: number): void => {
      for (let i = 0; i < count; i++) sink[0] = new Array(1_000).fill(i);
    };
    expect(allocatedPerOp(fill)).toBeGreaterThan(3_900);
  });
});

describe('retainedPerOp', () => {
  it('finds nothing where garbage is all that is made', () => {
    expect(retainedPerOp(allocate)).toBeLessThan(0.1);
  });

  it('finds what is kept', () => {
    const kept: object[] = [];
    const keep = (count: number): void => {
      for (let i = 0; i < count; i++) kept.push({ a: i });
    };
    expect(retainedPerOp(keep)).toBeGreaterThan(8);
  });
});

describe('median', () => {
  it('is the middle value', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(3);
  });
});
