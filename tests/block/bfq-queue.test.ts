import { expect, it } from 'vitest';
import { BfqQueue } from '../../src/block/bfq-queue.ts';
import { PriorityClass, priorityFlags } from '../../src/interfaces/bio.ts';

it.each([
  [0, 1, 40],
  [priorityFlags(PriorityClass.realTime, 0), 0, 80],
  [priorityFlags(PriorityClass.bestEffort, 7), 1, 10],
  [priorityFlags(PriorityClass.idle, 3), 2, 50],
])('flags %i are of class %i with weight %i', (flags, classIndex, weight) => {
  const queue = new BfqQueue(true, 64);
  queue.newestFlags = flags;
  queue.setPriority();
  expect([queue.classIndex, queue.weight]).toEqual([classIndex, weight]);
});

it('is seeky while more requests are far from the one before than near', () => {
  const queue = new BfqQueue(true, 64);
  queue.note(0, 8);
  queue.note(8, 8);
  expect(queue.isSeeky).toBe(false);
  for (const sector of [10_000, 50_000, 20_000, 90_000]) queue.note(sector, 8);
  expect(queue.isSeeky).toBe(true);
  for (let i = 0; i < 5; i++) queue.note(90_008 + 8 * i, 8);
  expect(queue.isSeeky).toBe(false);
});
