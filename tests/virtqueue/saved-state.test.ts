import { expect, it } from 'vitest';
import { StateReader } from '../../src/virtqueue/saved-state.ts';

it('a reader takes what is as it must be', () => {
  const from = new StateReader('s', { a: 3, b: true, c: [1, 2], d: null, e: 'x', f: { g: 1 } });
  from.expect('a', 3);
  expect(from.int('a', 0, 3)).toBe(3);
  expect(from.flag('b')).toBe(true);
  expect(from.ints('c', 2, 1, 2)).toEqual([1, 2]);
  expect(from.reason('d', { x: 'x' })).toBeUndefined();
  expect(from.reason('e', { x: 'x' })).toBe('x');
  expect(from.record('f').int('g', 0, 1)).toBe(1);
});

it('a reader refuses everything else by its path', () => {
  expect(() => new StateReader('s', null)).toThrow(/^s: null/);
  expect(() => new StateReader('s', [])).toThrow(/^s: an array/);
  const from = new StateReader('s', { a: 3, n: Number.NaN, h: 0.5, c: [1, 2], e: 'x' });
  expect(() => from.expect('a', 4)).toThrow(/^s.a: 3/);
  expect(() => from.int('a', 0, 2)).toThrow(/^s.a: 3/);
  expect(() => from.int('a', 4, 5)).toThrow(/^s.a/);
  expect(() => from.int('n', 0, 2)).toThrow(/^s.n/);
  expect(() => from.int('h', 0, 2)).toThrow(/^s.h/);
  expect(() => from.int('toString', 0, 2)).toThrow(/^s.toString/);
  expect(() => from.flag('a')).toThrow(/^s.a/);
  expect(() => from.ints('c', 3, 0, 9)).toThrow(/^s.c/);
  expect(() => from.ints('c', 2, 0, 1)).toThrow(/^s.c/);
  expect(() => from.ints('a', 1, 0, 9)).toThrow(/^s.a/);
  expect(() => from.ints('c', 2, 0, 1)).toThrow(/^s.c/);
  expect(() => from.reason('e', { y: 'y' })).toThrow(/^s.e/);
  expect(() => from.record('a')).toThrow(/^s.a/);
});

it('a list with holes is no list of integers', () => {
  const holes: number[] = [];
  holes.length = 2;
  expect(() => new StateReader('s', { holes }).ints('holes', 2, 0, 9)).toThrow(/^s.holes/);
});
