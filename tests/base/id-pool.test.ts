import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { IdPool } from '../../src/base/id-pool.ts';

describe('IdPool', () => {
  it('hands out each id once, lowest first, and -1 when none is left', () => {
    const pool = new IdPool(3);
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([0, 1, 2, -1]);
    expect(pool.freeCount).toBe(0);
  });

  it('takes the last freed id first', () => {
    const pool = new IdPool(3);
    pool.take();
    pool.take();
    pool.give(0);
    expect(pool.take()).toBe(0);
  });

  it('refuses an id that is not held', () => {
    const pool = new IdPool(2);
    pool.take();
    pool.give(0);
    for (const id of [0, 1, 2, -1]) expect(() => pool.give(id)).toThrow(InvariantError);
    expect(pool.isTaken(0)).toBe(false);
    expect(pool.isTaken(99)).toBe(false);
  });
});
