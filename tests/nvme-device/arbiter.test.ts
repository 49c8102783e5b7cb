import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Arbiter, QueuePriority } from '../../src/nvme-device/arbiter.ts';
import type { QueueFeatures } from '../../src/nvme-device/queue-features.ts';
import { CompletionQueue, SubmissionQueue } from '../../src/nvme-device/queues.ts';
import { checkProperty, runs } from '../support/runs.ts';

const cq = new CompletionQueue(0, 0, 16, 0, false);
const queue = (id: number, priority = 0) => new SubmissionQueue(id, 0, 1024, cq, priority);
const { urgent, high, medium, low } = QueuePriority;

describe('Arbiter', () => {
  let left: Map<number, number>;
  let features: { burst: number; highWeight: number; mediumWeight: number; lowWeight: number };
  let arbiter: Arbiter;

  beforeEach(() => {
    left = new Map();
    features = { burst: 1, highWeight: 1, mediumWeight: 1, lowWeight: 1 };
    arbiter = new Arbiter(features as QueueFeatures, (sq) => (left.get(sq.id) ?? 0) > 0);
  });

  /** The ids of the next picks. */
  const picks = (count: number) => {
    const ids: number[] = [];
    while (ids.length < count) {
      const sq = arbiter.pick();
      if (sq === undefined) break;
      left.set(sq.id, left.get(sq.id)! - 1);
      ids.push(sq.id);
    }
    return ids;
  };
  const add = (id: number, priority: number, commands: number) => {
    left.set(id, commands);
    arbiter.add(queue(id, priority));
  };

  it('gives each queue its burst in turn, and goes on when one is empty', () => {
    features.burst = 2;
    add(0, 0, 1);
    add(1, 0, 5);
    add(2, 0, 3);
    const ids = picks(99);
    expect(ids).toHaveLength(9);
    expect(ids.slice(0, 7)).toEqual([1, 1, 2, 2, 0, 1, 1]);
  });

  it('has nothing to pick when no queue is ready, or none exists', () => {
    expect(arbiter.pick()).toBeUndefined();
    add(1, 0, 0);
    expect(arbiter.pick()).toBeUndefined();
    left.set(1, 1);
    expect(picks(2)).toEqual([1]);
  });

  it('lets no queue wait longer than one burst of each other queue (fairness)', () => {
    checkProperty(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }),
        (burst, loads) => {
          features.burst = burst;
          arbiter.reset(false);
          left.clear();
          loads.forEach((load, i) => {
            add(i, 0, load);
          });
          const total = loads.reduce((sum, load) => sum + load, 0);
          const waits = loads.map(() => 0);
          for (const id of picks(total + 1)) {
            loads.forEach((_, i) => {
              if (i === id) waits[i] = 0;
              else if (left.get(i)! > 0) waits[i]! += 1;
              expect(waits[i]).toBeLessThanOrEqual(burst * (loads.length - 1));
            });
          }
          expect([...left.values()].every((each) => each === 0)).toBe(true);
        },
      ),
      runs(100),
    );
  });

  it('serves the admin queue and then the urgent class before all others', () => {
    arbiter.reset(true);
    add(1, low, 2);
    add(2, urgent, 2);
    add(3, high, 2);
    add(0, 0, 2);
    expect(picks(9)).toEqual([0, 0, 2, 2, 3, 1, 3, 1]);
  });

  it('shares the rest by weights in each round, and gives what a class leaves to the others', () => {
    arbiter.reset(true);
    Object.assign(features, { highWeight: 3, mediumWeight: 2, lowWeight: 1 });
    add(1, high, 60);
    add(2, medium, 60);
    add(3, low, 60);
    const ids = picks(60);
    const share = (id: number) => ids.filter((each) => each === id).length;
    expect([share(1), share(2), share(3)]).toEqual([30, 20, 10]);
    left.set(1, 0);
    left.set(2, 0);
    expect(picks(5)).toEqual([3, 3, 3, 3, 3]);
  });

  it('keeps the order of the others when a queue leaves in its turn', () => {
    for (const leaving of [0, 1, 2]) {
      arbiter.reset(false);
      const queues = [queue(0), queue(1), queue(2)];
      for (const sq of queues) {
        left.set(sq.id, 9);
        arbiter.add(sq);
      }
      const first = picks(2).at(-1)!;
      arbiter.remove(queues[leaving]!);
      arbiter.remove(queues[leaving]!);
      const rest = picks(4);
      expect(rest).not.toContain(leaving);
      expect(new Set(rest).size).toBe(2);
      if (leaving !== (first + 1) % 3) expect(rest[0]).toBe((first + 1) % 3);
    }
  });
});
