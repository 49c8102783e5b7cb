import { expect, it } from 'vitest';
import { BlkRequest } from '../../src/block/blk-request.ts';
import { NoneScheduler } from '../../src/block/io-scheduler.ts';
import { makeMemory } from './rig.ts';

it('none gives each hardware queue its own requests, first in first out', () => {
  const memory = makeMemory();
  const scheduler = new NoneScheduler(2);
  for (const [queue, tag] of [
    [0, 1],
    [1, 2],
    [0, 3],
  ] as const) {
    scheduler.insert(new BlkRequest(queue, tag, memory, () => {}));
  }
  expect([scheduler.name, scheduler.plugOrder]).toEqual(['none', 'last-first']);
  const tags = [0, 0, 0, 1, 1].map((queue) => scheduler.dispatch(queue)?.tag);
  expect(tags).toEqual([1, 3, undefined, 2, undefined]);
  scheduler.ended();
});
