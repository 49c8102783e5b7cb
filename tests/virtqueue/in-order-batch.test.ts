import { describe, expect, it } from 'vitest';
import { ChainTable } from '../../src/virtqueue/chain-table.ts';
import { InOrderBatch } from '../../src/virtqueue/in-order-batch.ts';
import { StateReader } from '../../src/virtqueue/saved-state.ts';

/** Three chains of 1, 2 and 1 descriptors in flight on a ring of five. */
function threeChains(): ChainTable {
  const table = new ChainTable(5, true);
  [
    [0, 1, 1],
    [2, 2, 3],
    [3, 1, 4],
  ].forEach(([tail, count, next], token) => {
    const head = table.freeHead;
    table.take(tail!, count!, next!);
    table.words[head << 2] = token;
    table.capacities[head] = 100 + token;
  });
  return table;
}

describe('a batch', () => {
  it('gives the chains in order; what is skipped is used completely', () => {
    const table = threeChains();
    const batch = new InOrderBatch();
    const taken = [batch.open(table, 3, 7)];
    const lengths = [batch.usedLength];
    while (batch.isOpen) {
      taken.push(batch.step(table));
      lengths.push(batch.usedLength);
    }
    expect(taken).toEqual([0, 1, 3]);
    expect(lengths).toEqual([100, 101, 7]);
  });

  it('of one chain is closed at once', () => {
    const batch = new InOrderBatch();
    expect(batch.open(threeChains(), 0, 5)).toBe(0);
    expect([batch.isOpen, batch.usedLength]).toEqual([false, 5]);
  });

  it('is forgotten by clear', () => {
    const batch = new InOrderBatch();
    batch.open(threeChains(), 3, 7);
    batch.clear();
    expect(batch.isOpen).toBe(false);
    expect(batch.save().oldest).toBe(0);
  });
});

describe('a saved batch', () => {
  const restore = (state: unknown) =>
    InOrderBatch.restore(new StateReader('s', state), threeChains());

  it('comes back as it was', () => {
    const table = threeChains();
    const batch = restore({ oldest: 0, end: 3, length: 7 });
    expect([batch.isOpen, batch.step(table), batch.step(table)]).toEqual([true, 0, 1]);
    expect(restore({ oldest: 0, end: -1, length: 0 }).isOpen).toBe(false);
  });

  it.each([
    [{ oldest: 1, end: -1, length: 0 }, /s.oldest/],
    [{ oldest: 4, end: -1, length: 0 }, /s.oldest/],
    [{ oldest: 0, end: 2, length: 0 }, /s.end/],
    [{ oldest: 0, end: 5, length: 0 }, /s.end/],
    [{ oldest: 0, end: 3, length: -1 }, /s.length/],
  ])('%j is refused', (state, message) => {
    expect(() => restore(state)).toThrow(message);
  });
});
