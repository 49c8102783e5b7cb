import { describe, expect, it } from 'vitest';
import { ChainTable } from '../../src/virtqueue/chain-table.ts';
import { StateReader } from '../../src/virtqueue/saved-state.ts';

/** Takes a chain of `count` from the front of the free list. */
function take(table: ChainTable, token: number, count: number): number {
  const head = table.freeHead;
  let tail = head;
  let next = head;
  for (let i = 0; i < count; i++) {
    tail = next;
    next = table.next[next]!;
  }
  table.take(tail, count, next);
  table.words[head << 2] = token;
  return head;
}

function freeList(table: ChainTable): number[] {
  const list: number[] = [];
  let at = table.freeHead;
  for (let i = 0; i < table.numFree; i++) {
    list.push(at);
    at = table.next[at]!;
  }
  return list;
}

describe('the free list', () => {
  it('starts in order, and the last entry links to 0', () => {
    const table = new ChainTable(4, false);
    expect(freeList(table)).toEqual([0, 1, 2, 3]);
    expect(table.next[3]).toBe(0);
  });

  it('takes back a chain at its front, in its own order', () => {
    const table = new ChainTable(6, false);
    const first = take(table, 10, 2);
    const second = take(table, 11, 3);
    expect(table.numFree).toBe(1);
    expect(table.free(first)).toBe(10);
    expect(freeList(table)).toEqual([0, 1, 5]);
    expect(table.free(second)).toBe(11);
    expect(freeList(table)).toEqual([2, 3, 4, 0, 1, 5]);
  });

  it('stays a ring when chains come back in order, and begins at 0 after a restart', () => {
    const table = new ChainTable(4, true);
    const first = take(table, 1, 3);
    table.free(first);
    expect(freeList(table)).toEqual([3, 0, 1, 2]);
    table.restart();
    expect(freeList(table)).toEqual([0, 1, 2, 3]);
    const unordered = new ChainTable(4, false);
    unordered.free(take(unordered, 1, 1));
    unordered.freeHead = 2;
    unordered.restart();
    expect(unordered.freeHead).toBe(2);
  });

  it('names the lowest chain in flight', () => {
    const table = new ChainTable(4, false);
    expect(table.lowest()).toBe(-1);
    take(table, 1, 1);
    take(table, 0, 1);
    table.free(0);
    expect(table.lowest()).toBe(1);
  });
});

describe('a saved table', () => {
  const saved = () => {
    const table = new ChainTable(6, false);
    take(table, 10, 2);
    table.takeTable();
    table.words[2 << 2] = 11;
    return JSON.parse(JSON.stringify(table.save()));
  };
  const restore = (state: unknown) => ChainTable.restore(new StateReader('state', state), 6, false);

  it('comes back as it was', () => {
    expect(restore(saved()).save()).toEqual(saved());
    expect(restore(saved()).words[(2 << 2) + 3]).toBe(1);
  });

  it.each([
    ['next', [1, 2, 3, 4, 5], /state.next/],
    ['next', [1, 2, 3, 4, 5, 6], /state.next/],
    ['next', [1, 2, 3, 4, 3, 0], /state.next.*do not meet/],
    ['freeHead', 1, /state.next.*do not meet/],
    ['freeHead', -1, /state.freeHead/],
    ['numFree', 4, /state.next/],
    ['numFree', 2, /state.numFree/],
    ['tokens', [10, -1, 11, -1, -1, 2 ** 31], /state.tokens/],
    ['tokens', [10, -1, -1, -1, -1, -1], /state.numFree/],
    ['tails', [0, 0, 2, 0, 0, 0], /state.tails/],
    ['counts', [0, 0, 1, 0, 0, 0], /state.counts/],
    ['tables', [0, 0, 2, 0, 0, 0], /state.tables/],
    ['capacities', [0], /state.capacities/],
    ['capacities', undefined, /state.capacities/],
  ])('with %s %j is refused', (key, value, message) => {
    expect(() => restore({ ...saved(), [key]: value })).toThrow(message);
  });

  it('of an in-order queue must be a ring', () => {
    const ring = new ChainTable(3, true).save();
    const read = (state: unknown) => ChainTable.restore(new StateReader('s', state), 3, true);
    expect(read(ring).save()).toEqual(ring);
    expect(() => read({ ...ring, next: [2, 0, 1] })).toThrow(/s.next.*ring/);
  });
});
