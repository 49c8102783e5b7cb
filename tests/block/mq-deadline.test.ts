import { describe, expect, it } from 'vitest';
import { type MqDeadlineParameters, MqDeadlineScheduler } from '../../src/block/mq-deadline.ts';
import { BioOp, PriorityClass, priorityFlags } from '../../src/interfaces/bio.ts';
import { SchedulerBench } from './scheduler-bench.ts';

const { write } = BioOp;
const realTime = priorityFlags(PriorityClass.realTime, 0);
const idle = priorityFlags(PriorityClass.idle, 0);

function makeBench(parameters: MqDeadlineParameters = {}): SchedulerBench {
  return new SchedulerBench(new MqDeadlineScheduler(parameters));
}

/** Takes and ends so many requests, or all: their sectors, writes with a minus. */
function drain(bench: SchedulerBench, most = 1_000): number[] {
  const sectors: number[] = [];
  for (let i = 0; i < most; i++) {
    const request = bench.dispatch();
    if (request === undefined) break;
    sectors.push(request.op === write ? -request.sector : request.sector);
    bench.end(request);
  }
  return sectors;
}

describe('a batch', () => {
  it('begins with the oldest request and goes up from there', () => {
    const bench = makeBench();
    for (const sector of [50, 10, 70, 60]) bench.insert({ sector });
    expect(drain(bench)).toEqual([50, 60, 70, 10]);
  });

  it('ends after so many requests; the next one goes on where it stopped', () => {
    const bench = makeBench({ fifoBatch: 2 });
    for (const sector of [30, 10, 40, 50, 60]) bench.insert({ sector });
    expect(drain(bench)).toEqual([30, 40, 50, 60, 10]);
  });

  it('begins with the oldest when that is past its time', () => {
    const bench = makeBench({ fifoBatch: 2, readExpire: 100 });
    for (const sector of [30, 10, 40, 50, 60]) bench.insert({ sector });
    expect(drain(bench, 2)).toEqual([30, 40]);
    bench.pass(100);
    expect(drain(bench)).toEqual([10, 50, 60]);
  });
});

describe('reads and writes', () => {
  it('reads go first, but writes are passed over only so many times', () => {
    const bench = makeBench({ fifoBatch: 1, writesStarved: 2 });
    for (const sector of [1, 2, 3, 4, 5]) {
      bench.insert({ sector: sector * 100 });
      bench.insert({ sector: sector * 100 + 50, op: write });
    }
    expect(drain(bench)).toEqual([100, 200, -150, 300, 400, -250, 500, -350, -450, -550]);
  });

  it('writes may hold only so many slots, at least one of each word of them', () => {
    const scheduler = new MqDeadlineScheduler({ asyncDepth: 2 });
    expect([64, 256].map((slots) => scheduler.slotLimit(write, 0, slots))).toEqual([4, 4]);
    expect(scheduler.slotLimit(BioOp.read, 0, 256)).toBe(256);
  });
});

describe('priorities', () => {
  it('a higher class goes first, whatever the sectors', () => {
    const bench = makeBench();
    bench.insert({ sector: 10, flags: idle });
    bench.insert({ sector: 20 });
    bench.insert({ sector: 30, flags: realTime });
    bench.insert({ sector: 40, op: write, flags: realTime });
    expect(drain(bench)).toEqual([30, -40, 20, 10]);
  });

  it('a lower class waits for the end of what a higher one has in the driver', () => {
    const bench = makeBench();
    bench.insert({ sector: 30, flags: realTime });
    bench.insert({ sector: 20 });
    const first = bench.dispatch()!;
    expect([first.sector, bench.dispatch()]).toEqual([30, undefined]);
    bench.end(first);
    expect(drain(bench)).toEqual([20]);
  });

  it('what waited too long goes even so', () => {
    const bench = makeBench({ prioAgingExpire: 1_000 });
    bench.insert({ sector: 10, flags: idle });
    bench.pass(1_000);
    bench.insert({ sector: 30, flags: realTime });
    expect(drain(bench)).toEqual([10, 30]);
  });
});

it('what comes back goes first', () => {
  const bench = makeBench();
  for (const sector of [10, 20]) bench.insert({ sector });
  const first = bench.dispatch()!;
  bench.end(first);
  bench.insert({ sector: 10 }, true);
  expect(drain(bench)).toEqual([10, 20]);
});
