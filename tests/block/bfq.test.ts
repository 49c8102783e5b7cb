import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BfqParameters, BfqScheduler } from '../../src/block/bfq.ts';
import type { BlkRequest } from '../../src/block/blk-request.ts';
import {
  BioFlag,
  BioOp,
  contextFlags,
  contextOf,
  PriorityClass,
  priorityFlags,
} from '../../src/interfaces/bio.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { SchedulerBench } from './scheduler-bench.ts';

const level = (value: number): number => priorityFlags(PriorityClass.bestEffort, value);

function makeBench(parameters: BfqParameters = {}): SchedulerBench {
  return new SchedulerBench(new BfqScheduler(parameters));
}

function drain(bench: SchedulerBench): number[] {
  const sectors: number[] = [];
  for (let next = bench.dispatch(); next !== undefined; next = bench.dispatch()) {
    sectors.push(next.sector);
    bench.end(next);
  }
  return sectors;
}

it('processes that always want more get sectors by their weights, whatever they ask for', () => {
  const BUDGET = 256;
  const LONGEST = 64;
  const process = fc.record({
    level: fc.nat(7),
    sectorCount: fc.integer({ min: 1, max: LONGEST }),
    backlog: fc.integer({ min: 1, max: 6 }),
  });
  checkProperty(
    fc.property(fc.array(process, { minLength: 2, maxLength: 6 }), (processes) => {
      const bench = makeBench({ maxBudget: BUDGET, sliceIdle: 0, timeoutSync: 1_000_000 });
      const served = processes.map(() => 0);
      const weights = processes.map((each) => (8 - each.level) * 10);
      let place = 0;
      const ask = (index: number): BlkRequest =>
        bench.insert({
          sector: (place += 1_000_000),
          sectorCount: processes[index]!.sectorCount,
          flags: contextFlags(index) | level(processes[index]!.level),
        });
      for (const [i, { backlog }] of processes.entries()) for (let n = 0; n < backlog; n++) ask(i);
      for (let i = 0; i < 600; i++) {
        const request = bench.dispatch()!;
        const index = contextOf(request.flags);
        served[index]! += request.sectorCount;
        // A process that waits for an answer asks on before its turn is over.
        ask(index);
        bench.end(request);
        const shares = served.map((sectors, at) => sectors / weights[at]!);
        for (const [a, first] of shares.entries()) {
          for (const [b, second] of shares.entries()) {
            const lag = (2 * BUDGET + LONGEST) * (1 / weights[a]! + 1 / weights[b]!);
            expect(Math.abs(first - second)).toBeLessThanOrEqual(lag);
          }
        }
      }
    }),
    runs(30, 300),
  );
});

describe('turns', () => {
  it('last for a budget', () => {
    const bench = makeBench({ maxBudget: 32, sliceIdle: 0 });
    for (let i = 0; i < 8; i++) {
      bench.insert({ sector: i * 8, flags: contextFlags(1) });
      bench.insert({ sector: 100_000 + i * 8, flags: contextFlags(2) });
    }
    const owners = drain(bench).map((sector) => (sector < 100_000 ? 1 : 2));
    expect(owners).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it('are kept for a process that may go on in a moment, but not for ever', () => {
    const bench = makeBench({ sliceIdle: 8 });
    const first = bench.insert({ sector: 0, flags: contextFlags(1) });
    expect(bench.dispatch()).toBe(first);
    bench.insert({ sector: 100_000, flags: contextFlags(2) });
    expect(bench.dispatch()).toBeUndefined();
    bench.end(first);
    bench.pass(7);
    expect(bench.dispatch()).toBeUndefined();
    const second = bench.insert({ sector: 8, flags: contextFlags(1) });
    expect(bench.dispatch()).toBe(second);
    bench.end(second);
    bench.pass(8);
    expect([bench.runs, bench.dispatch()?.sector]).toEqual([1, 100_000]);
  });

  it('are not kept for who jumps about, nor for what nobody waits for', () => {
    const bench = makeBench();
    const jumps = [50_000, 10_000, 90_000].map((sector) =>
      bench.insert({ sector, flags: contextFlags(1) }),
    );
    bench.insert({ sector: 7, flags: contextFlags(2) });
    const sent = jumps.map(() => bench.dispatch()!);
    expect(bench.dispatch()?.sector).toBe(7);
    for (const request of sent) bench.end(request);
    const lazy = makeBench();
    lazy.insert({ op: BioOp.write, sector: 0 });
    lazy.dispatch();
    lazy.insert({ sector: 100 });
    expect(lazy.dispatch()?.sector).toBe(100);
  });

  it('end after a while even if the budget is not used up', () => {
    const bench = makeBench({ timeoutSync: 100, sliceIdle: 0, fifoExpireSync: 10_000 });
    for (const sector of [0, 8]) bench.insert({ sector, flags: contextFlags(1) });
    bench.insert({ sector: 100_000, flags: contextFlags(2) });
    expect(bench.dispatch()?.sector).toBe(0);
    bench.pass(100);
    expect(bench.dispatch()?.sector).toBe(100_000);
  });

  it('go to the highest class that has something', () => {
    const bench = makeBench({ sliceIdle: 0 });
    const { idle, realTime } = PriorityClass;
    bench.insert({ sector: 0, flags: contextFlags(1) | priorityFlags(idle, 0) });
    bench.insert({ sector: 1_000, flags: contextFlags(2) | level(0) });
    bench.insert({ sector: 2_000, flags: contextFlags(3) | priorityFlags(realTime, 7) });
    expect(drain(bench)).toEqual([2_000, 1_000, 0]);
  });
});

describe('inside a queue', () => {
  it('the nearest goes first, backward counting twice', () => {
    const bench = makeBench();
    for (const sector of [1_000, 900, 1_150, 2_000]) bench.insert({ sector });
    expect(drain(bench)).toEqual([900, 1_000, 1_150, 2_000]);
    const other = makeBench();
    other.insert({ sector: 1_000 });
    other.end(other.dispatch()!);
    for (const sector of [990, 1_100, 900, 5_000]) other.insert({ sector });
    expect(drain(other)).toEqual([990, 1_100, 900, 5_000]);
  });

  it('what is past its time goes before all', () => {
    const bench = makeBench({ fifoExpireSync: 100 });
    bench.insert({ sector: 50_000 });
    bench.pass(100);
    bench.insert({ sector: 0 });
    expect(drain(bench)).toEqual([50_000, 0]);
  });

  it('what comes back goes first', () => {
    const bench = makeBench();
    bench.insert({ sector: 0 });
    bench.insert({ sector: 5_000 }, true);
    expect(drain(bench)).toEqual([5_000, 0]);
  });
});

it('writes may hold three quarters of the slots, those that nobody waits for half', () => {
  const scheduler = new BfqScheduler();
  expect(scheduler.slotLimit(BioOp.read, 0, 256)).toBe(256);
  expect(scheduler.slotLimit(BioOp.write, BioFlag.sync, 256)).toBe(192);
  expect(scheduler.slotLimit(BioOp.write, 0, 256)).toBe(128);
});

it('forgets processes that have nothing waiting', () => {
  const bench = makeBench({ sliceIdle: 0 });
  for (let i = 0; i < 1_000; i++) {
    bench.insert({ sector: i * 8, flags: contextFlags(i) });
    bench.end(bench.dispatch()!);
  }
  bench.insert({ flags: contextFlags(5) });
  expect(bench.dispatch()).toBeDefined();
});
