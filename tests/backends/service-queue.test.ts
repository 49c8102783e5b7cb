import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceQueue, Turn } from '../../src/backends/service-queue.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkProperty, runs } from '../support/runs.ts';

interface Item {
  id: number;
}

function rig(depth?: number) {
  const executor = new SimExecutor();
  const served: [number, Turn, number][] = [];
  const queue = new ServiceQueue<Item>(
    executor,
    'test',
    ({ id }, turn) => served.push([id, turn, executor.now]),
    depth,
  );
  const items = Array.from({ length: 300 }, (_, id) => ({ id }));
  return { executor, queue, served, items };
}

describe('ServiceQueue', () => {
  it('serves at this instant, in order and never inside push', () => {
    const { executor, queue, served, items } = rig();
    for (const item of items) queue.push(item, 0);
    expect(served).toEqual([]);
    expect(queue.count).toBe(300);
    expect(queue.peek(3)).toBe(items[3]);
    expect(queue.peek(300)).toBeUndefined();
    executor.step();
    expect(served.map(([id]) => id)).toEqual(items.map(({ id }) => id));
    expect(executor.isIdle).toBe(true);
  });

  it('is one server: each waits for the one before', () => {
    const { executor, queue, served, items } = rig();
    queue.push(items[0]!, 100);
    queue.push(items[1]!, 50);
    queue.push(items[2]!, 0);
    executor.runUntil(1_000);
    queue.push(items[3]!, 10);
    executor.runUntilIdle();
    expect(served.map(([, , at]) => at)).toEqual([100, 150, 150, 1_010]);
  });

  it('refuses what is beyond its depth, in its turn', () => {
    const { executor, queue, served, items } = rig(2);
    for (const item of items.slice(0, 3)) queue.push(item, 5);
    expect(queue.abort(items[2]!)).toBe(AbortResult.tooLate);
    executor.runUntilIdle();
    expect(served.map(([, turn]) => turn)).toEqual([Turn.serve, Turn.serve, Turn.refuse]);
    expect(() => rig(0)).toThrow(InvariantError);
  });

  it('resets at once, and does not wait for what comes after', () => {
    const { executor, queue, served, items } = rig();
    let doneAt = -1;
    queue.push(items[0]!, 1_000);
    queue.push(items[1]!, 1_000);
    queue.reset(() => {
      doneAt = served.length;
    });
    queue.push(items[2]!, 500);
    expect(doneAt).toBe(-1);
    executor.runUntilIdle();
    expect(doneAt).toBe(2);
    expect(served).toEqual([
      [0, Turn.abort, 0],
      [1, Turn.abort, 0],
      [2, Turn.serve, 500],
    ]);
  });

  it('serves every item once, in order of coming, whatever is pushed, aborted and run in between', () => {
    const step = fc.record({
      kind: fc.constantFrom('push', 'push', 'abort', 'run', 'reset', 'at'),
      n: fc.nat(50),
    });
    checkProperty(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { executor, queue, served, items } = rig(40);
        let next = 0;
        let dones = 0;
        let resets = 0;
        for (const { kind, n } of steps) {
          if (kind === 'push') queue.push(items[next++]!, n > 25 ? n : 0);
          else if (kind === 'abort') queue.abort(items[n]!);
          else if (kind === 'run') executor.step();
          else if (kind === 'at') executor.runUntil(executor.now + n);
          else {
            resets += 1;
            queue.reset(() => {
              dones += 1;
            });
          }
        }
        executor.runUntilIdle();
        expect(served.map(([id]) => id)).toEqual(items.slice(0, next).map(({ id }) => id));
        expect(dones).toBe(resets);
        expect(queue.count).toBe(0);
      }),
      runs(100),
    );
  });
});
