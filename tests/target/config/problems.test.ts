import { describe, expect, it } from 'vitest';
import {
  isJsonObject,
  listOf,
  ProblemList,
  textOf,
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

  it('are written as texts, whatever keys an object has', () => {
    const odd = JSON.parse('{"toString": 1, "__proto__": 2}');
    expect([textOf('x'), textOf(null), textOf(1)]).toEqual(['x', 'null', '1']);
    expect(textOf(odd)).toBe('{"toString":1,"__proto__":2}');
  });
});
