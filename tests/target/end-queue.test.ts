import { describe, expect, it } from 'vitest';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { EndQueue } from '../../src/target/end-queue.ts';

interface Item {
  id: number;
  end: (item: Item) => void;
}

function rig() {
  const executor = new SimExecutor();
  const queue = new EndQueue<Item>(executor, 'test');
  const ended: number[] = [];
  const item = (id: number, more?: () => void): Item => ({
    id,
    end: (self) => {
      ended.push(self.id);
      more?.();
    },
  });
  return { executor, queue, ended, item };
}

describe('EndQueue', () => {
  it('ends in the order of coming, later and in one task', () => {
    const { executor, queue, ended, item } = rig();
    const all = Array.from({ length: 100 }, (_, id) => item(id));
    for (const each of all) queue.push(each);
    expect(ended).toEqual([]);
    expect(queue.count).toBe(100);
    expect(queue.has(all[77]!)).toBe(true);
    executor.step();
    expect(ended).toEqual([...Array(100).keys()]);
    expect(queue.has(all[77]!)).toBe(false);
    expect(executor.isIdle).toBe(true);
  });

  it('keeps what comes inside an end for a task of its own', () => {
    const { executor, queue, ended, item } = rig();
    queue.push(item(1, () => queue.push(item(2))));
    executor.step();
    expect(ended).toEqual([1]);
    executor.runUntilIdle();
    expect(ended).toEqual([1, 2]);
  });

  it('drains what waits, and not what comes after', () => {
    const { executor, queue, ended, item } = rig();
    const dones: number[] = [];
    queue.drain(() => dones.push(-1));
    queue.push(item(1, () => queue.push(item(3))));
    queue.push(item(2));
    queue.drain(() => dones.push(ended.length));
    expect(dones).toEqual([]);
    executor.step();
    expect(dones).toEqual([-1, 2]);
    executor.runUntilIdle();
    expect(ended).toEqual([1, 2, 3]);
  });
});
