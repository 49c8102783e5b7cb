import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import { InOrderWindow } from '../../src/virtqueue/in-order-window.ts';
import { StateReader } from '../../src/virtqueue/saved-state.ts';

function open(window: InOrderWindow, id: number, writable: number, descriptorCount = 1): boolean {
  const list = new SgList();
  if (writable > 0) list.push(0, 0, writable);
  return window.open(id, { id, descriptorCount, readable: new SgList(), writable: list });
}

function batches(window: InOrderWindow): number[][] {
  const found: number[][] = [];
  while (window.takeBatch()) {
    found.push([window.batchId, window.batchLength, window.batchCount, window.batchDescriptors]);
  }
  return found;
}

describe('an in-order window', () => {
  it('holds back what is used out of turn', () => {
    const window = new InOrderWindow(4);
    for (let id = 0; id < 3; id++) open(window, id, 10);
    window.close(2, 1);
    window.close(1, 2);
    expect(batches(window)).toEqual([]);
    window.close(0, 3);
    expect(batches(window)).toEqual([
      [0, 3, 1, 1],
      [1, 2, 1, 1],
      [2, 1, 1, 1],
    ]);
  });

  it('joins chains that were written completely with the one behind them', () => {
    const window = new InOrderWindow(4);
    open(window, 3, 10, 2);
    open(window, 0, 0, 1);
    open(window, 1, 5, 1);
    window.close(3, 10);
    window.close(0, 0);
    window.close(1, 4);
    expect(batches(window)).toEqual([[1, 4, 3, 4]]);
    expect(window.batchHasWritable).toBe(true);
  });

  it('refuses an id that is out, and takes it again when it was used or put back', () => {
    const window = new InOrderWindow(2);
    expect(open(window, 1, 1)).toBe(true);
    expect(open(window, 1, 1)).toBe(false);
    window.takeBack(1);
    expect(open(window, 1, 1)).toBe(true);
    window.close(1, 0);
    expect(batches(window).length).toBe(1);
    expect(open(window, 1, 1)).toBe(true);
    window.clear();
    expect(open(window, 1, 1)).toBe(true);
  });

  it('knows its own misuse', () => {
    const window = new InOrderWindow(2);
    expect(() => window.close(0, 1)).toThrow(/addUsed/);
    open(window, 0, 1);
    open(window, 1, 1);
    window.close(1, 1);
    expect(() => window.close(1, 1)).toThrow(/addUsed/);
    expect(() => window.takeBack(1)).toThrow(/discard/);
  });

  it('comes back from its saved state, and refuses one that is not', () => {
    const window = new InOrderWindow(3);
    open(window, 0, 1);
    window.close(0, 1);
    batches(window);
    open(window, 2, 8, 2);
    open(window, 0, 8, 1);
    window.close(0, 8);
    const saved = window.save();
    const restore = (state: unknown, count = 2) =>
      InOrderWindow.restore(new StateReader('s', state), 3, count);
    const copy = restore(saved);
    expect(copy.save()).toEqual(saved);
    copy.close(2, 8);
    expect(batches(copy)).toEqual([[0, 8, 2, 3]]);
    expect(() => restore(saved, 1)).toThrow(/s.ids/);
    expect(() => restore({ ...saved, ids: [1, 1] })).toThrow(/s.ids/);
    expect(() => restore({ ...saved, states: [0, 2] })).toThrow(/s.states/);
    expect(() => restore({ ...saved, descriptors: [0, 1] })).toThrow(/s.descriptors/);
    expect(() => restore({ ...saved, writable: [-1, 1] })).toThrow(/s.writable/);
    expect(() => restore({ ...saved, lengths: [1] })).toThrow(/s.lengths/);
  });
});
