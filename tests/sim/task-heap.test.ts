import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTask } from '../../src/sim/task.ts';
import { TaskHeap } from '../../src/sim/task-heap.ts';
import { checkProperty, runs } from '../support/runs.ts';

describe('TaskHeap', () => {
  it('gives tasks by time and sequence, whichever were taken out between', () => {
    checkProperty(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 50 }), (entries) => {
        const heap = new TaskHeap();
        const tasks = entries.map(([dueNs], sequence) => {
          const task = Object.assign(
            makeTask('t', () => {}),
            { dueNs, sequence },
          );
          heap.push(task);
          return task;
        });
        for (const [i, [, remove]] of entries.entries()) if (remove) heap.remove(tasks[i]!);
        const left = tasks.filter((_, i) => !entries[i]![1]);
        left.sort((a, b) => a.dueNs - b.dueNs || a.sequence - b.sequence);
        expect(heap.size).toBe(left.length);
        for (const task of left) {
          expect(heap.first).toBe(task);
          heap.remove(task);
          expect(task.slot).toBe(-1);
        }
        expect(heap.first).toBeUndefined();
      }),
      runs(200, 5_000),
    );
  });
});
