import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import type { Task } from '../../src/interfaces/executor.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { checkProperty, runs } from '../support/runs.ts';

function logger(executor: SimExecutor): { log: string[]; task: (name: string) => Task } {
  const log: string[] = [];
  return { log, task: (name) => makeTask(name, () => log.push(`${name}@${executor.now}`)) };
}

describe('SimExecutor', () => {
  it('runs tasks by time, and first-in first-out at one instant', () => {
    const executor = new SimExecutor();
    const { log, task } = logger(executor);
    executor.schedule(task('late'), 20);
    executor.schedule(task('a'), 10);
    executor.schedule(task('b'), 10);
    executor.post(task('now'));
    executor.runUntilIdle();
    expect(log).toEqual(['now@0', 'a@10', 'b@10', 'late@20']);
  });

  it('runs what was scheduled for an instant before what that instant posts', () => {
    const executor = new SimExecutor();
    const { log, task } = logger(executor);
    const second = task('second');
    executor.schedule(
      makeTask('first', () => executor.post(task('posted'))),
      5,
    );
    executor.schedule(second, 5);
    executor.runUntilIdle();
    expect(log).toEqual(['second@5', 'posted@5']);
  });

  it('runs nothing inside post, and a task posted twice runs once', () => {
    const executor = new SimExecutor();
    const { log, task } = logger(executor);
    const once = task('once');
    executor.post(once);
    executor.post(once);
    expect(log).toEqual([]);
    executor.runUntilIdle();
    expect(log).toEqual(['once@0']);
  });

  it('moves a task that is scheduled again', () => {
    const executor = new SimExecutor();
    const { log, task } = logger(executor);
    const moved = task('moved');
    executor.schedule(moved, 50);
    executor.schedule(moved, 7);
    executor.runUntilIdle();
    expect(log).toEqual(['moved@7']);
  });

  it('cancels a task of this instant and one of the future', () => {
    const executor = new SimExecutor();
    const { log, task } = logger(executor);
    const [now, later] = [task('now'), task('later')];
    executor.post(now);
    executor.schedule(later, 9);
    expect([executor.cancel(now), executor.cancel(later), executor.cancel(later)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(executor.isIdle).toBe(true);
    executor.runUntilIdle();
    expect(log).toEqual([]);
  });

  it('is idle when only background tasks wait, and runs those that fall due on the way', () => {
    const executor = new SimExecutor();
    const log: string[] = [];
    executor.schedule(
      makeTask('keep-alive', () => log.push('background'), true),
      5,
    );
    expect(executor.isIdle).toBe(true);
    executor.runUntilIdle();
    expect(log).toEqual([]);
    executor.schedule(
      makeTask('work', () => log.push('work')),
      6,
    );
    executor.runUntilIdle();
    expect(log).toEqual(['background', 'work']);
  });

  it('stops the clock at the instant that runUntil names', () => {
    const executor = new SimExecutor();
    const { log, task } = logger(executor);
    executor.schedule(task('in'), 10);
    executor.schedule(task('out'), 11);
    executor.runUntil(10);
    expect([executor.now, log]).toEqual([10, ['in@10']]);
    executor.runUntil(15);
    expect(executor.now).toBe(15);
    expect(() => executor.runUntil(3)).toThrow(InvariantError);
  });

  it('counts no livelock over runs that each came to an end', () => {
    const executor = new SimExecutor({ livelockLimit: 3 });
    let runs = 0;
    const task = makeTask('worker', () => {
      runs += 1;
    });
    for (let i = 0; i < 10; i++) {
      executor.post(task);
      executor.runUntilIdle();
    }
    expect(runs).toBe(10);
  });

  it('throws on a livelock and names the last owner', () => {
    const executor = new SimExecutor({ livelockLimit: 100 });
    const spin = makeTask('spinner', () => executor.post(spin));
    executor.post(spin);
    expect(() => executor.runUntilIdle()).toThrow(/livelock: 100 tasks ran at 0 ns.*'spinner'/);
  });

  it('refuses the past and fractions', () => {
    const executor = new SimExecutor();
    const task = makeTask('x', () => {});
    executor.runUntil(5);
    expect(() => executor.schedule(task, 4)).toThrow(InvariantError);
    expect(() => executor.schedule(task, 5.5)).toThrow(InvariantError);
  });

  it('equals a sorted list for any sequence of post, schedule and cancel', () => {
    const step = fc.tuple(fc.constantFrom('post', 'schedule', 'cancel'), fc.nat(7), fc.nat(20));
    checkProperty(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const executor = new SimExecutor();
        const ran: number[] = [];
        const tasks = Array.from({ length: 8 }, (_, id) => makeTask(`${id}`, () => ran.push(id)));
        let expected: { id: number; at: number; order: number }[] = [];
        steps.forEach(([kind, id, delay], order) => {
          const at = kind === 'schedule' ? delay : 0;
          const waiting = expected.find((entry) => entry.id === id);
          if (kind === 'cancel') executor.cancel(tasks[id]!);
          else executor.schedule(tasks[id]!, at);
          // A task that waits for this very instant keeps its place.
          if (kind !== 'cancel' && at === 0 && waiting?.at === 0) return;
          expected = expected.filter((entry) => entry.id !== id);
          if (kind !== 'cancel') expected.push({ id, at, order });
        });
        executor.runUntilIdle();
        expected.sort((a, b) => a.at - b.at || a.order - b.order);
        expect(ran).toEqual(expected.map((entry) => entry.id));
      }),
      runs(300, 5_000),
    );
  });

  it('a seeded order keeps the order of each owner and repeats with its seed', () => {
    const run = (seed: number): string[] => {
      const executor = new SimExecutor({ order: 'seeded', seed });
      const log: string[] = [];
      for (let i = 0; i < 100; i++) {
        const owner = `${i % 5}`;
        executor.post(makeTask(owner, () => log.push(`${owner}:${i}`)));
      }
      executor.runUntilIdle();
      return log;
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    for (const owner of ['0', '1', '2', '3', '4']) {
      const mine = run(3).filter((entry) => entry.startsWith(owner));
      expect(mine).toEqual([...Array(20).keys()].map((n) => `${owner}:${n * 5 + Number(owner)}`));
    }
  });
});
