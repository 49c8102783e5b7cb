import { expect, it } from 'vitest';
import { NoneScheduler } from '../../src/block/io-scheduler.ts';
import { BioOp } from '../../src/interfaces/bio.ts';
import { SchedulerBench } from './scheduler-bench.ts';

it('none gives each hardware queue its own requests, first in first out', () => {
  const scheduler = new NoneScheduler();
  const bench = new SchedulerBench(scheduler, 2);
  for (const [hardwareQueue, sector] of [
    [0, 100],
    [1, 200],
    [0, 50],
  ] as const) {
    bench.insert({ hardwareQueue, sector });
  }
  expect([scheduler.name, scheduler.isDirect]).toEqual(['none', true]);
  expect([0, 0, 0, 1, 1].map((queue) => bench.dispatch(queue)?.sector)).toEqual([
    100,
    50,
    undefined,
    200,
    undefined,
  ]);
});

it('none leaves every slot to everybody, and puts what comes back first', () => {
  const scheduler = new NoneScheduler();
  const bench = new SchedulerBench(scheduler);
  expect(scheduler.slotLimit(BioOp.write, 0, 64)).toBe(64);
  bench.insert({ sector: 8 });
  bench.insert({ sector: 64 }, true);
  expect([bench.dispatch()?.sector, bench.dispatch()?.sector]).toEqual([64, 8]);
});
