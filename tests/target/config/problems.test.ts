import { describe, expect, it } from 'vitest';
import {
  isJsonObject,
  listOf,
  ProblemList,
  unknownKeys,
} from '../../../src/target/config/problems.ts';

describe('ProblemList', () => {
  it('keeps problems in order with their severity', () => {
    const problems = new ProblemList();
    problems.note('a', '1');
    problems.error('b', '2');
    problems.warn('c', '3');
    expect(problems.all.map(({ severity, path }) => `${severity} ${path}`)).toEqual([
      'note a',
      'error b',
      'warning c',
    ]);
  });
});

describe('JSON values', () => {
  it('are objects, lists or neither', () => {
    expect([{}, [], null, 'x', undefined].map(isJsonObject)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(listOf([1])).toEqual([1]);
    expect(listOf({ length: 1 })).toEqual([]);
    expect(unknownKeys({ a: 1, b: 2 }, new Set(['a']))).toEqual({ b: 2 });
  });
});
