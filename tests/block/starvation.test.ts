/** How long one request waits at most while others come in without end, for each scheduler by its own rules. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BfqScheduler } from '../../src/block/bfq.ts';
import { type IoScheduler, NoneScheduler } from '../../src/block/io-scheduler.ts';
import { KyberScheduler } from '../../src/block/kyber.ts';
import { MqDeadlineScheduler } from '../../src/block/mq-deadline.ts';
import { BioFlag, BioOp, contextFlags } from '../../src/interfaces/bio.ts';
import type { Prng } from '../../src/interfaces/prng.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { SchedulerBench } from './scheduler-bench.ts';

const { read, write } = BioOp;
const BACKLOG = 24;
const LONGEST = 16;

interface Flood {
  seed: number;
  /** Of ten that come in, so many are reads. */
  reads: number;
  contexts: number;
  /** What one request takes. */
  ms: number;
}

const flood: fc.Arbitrary<Flood> = fc.record({
  seed: fc.nat(),
  reads: fc.nat(10),
  contexts: fc.integer({ min: 1, max: 4 }),
  ms: fc.integer({ min: 1, max: 20 }),
});

/** Requests that leave before one that comes in when {@link BACKLOG} wait, with as many waiting all the time. */
function overtakes(
  scheduler: IoScheduler,
  op: BioOp,
  { seed, reads, contexts, ms }: Flood,
): number {
  const bench = new SchedulerBench(scheduler);
  const chance: Prng = makePrng(seed);
  let low = 0;
  const comeIn = (kind: BioOp, context: number): ReturnType<SchedulerBench['insert']> => {
    // Every other one continues the one before it, for batches like these.
    low = chance.oneIn(2) ? low + LONGEST : chance.below(1_000) * 1_000;
    const sectorCount = 1 + chance.below(LONGEST);
    return bench.insert({
      op: kind,
      sector: low,
      sectorCount,
      flags: BioFlag.sync | contextFlags(context),
    });
  };
  const other = (): void => {
    comeIn(chance.below(10) < reads ? read : write, chance.below(contexts));
  };
  for (let i = 0; i < BACKLOG; i++) other();
  const wanted = comeIn(op, 0);
  for (let count = 0; count < 20_000; ) {
    bench.pass(ms);
    const request = bench.dispatch();
    if (request === wanted) return count;
    if (request === undefined) continue;
    count += 1;
    other();
    bench.end(request);
  }
  return Number.POSITIVE_INFINITY;
}

describe('a request leaves', () => {
  const check = (make: () => IoScheduler, bound: (op: BioOp, flood: Flood) => number): void => {
    checkProperty(
      fc.property(fc.constantFrom(read, write), flood, (op, each) => {
        expect(overtakes(make(), op, each)).toBeLessThanOrEqual(bound(op, each));
      }),
      runs(60, 1_000),
    );
  };

  it('none: after those that came before it', () => {
    check(
      () => new NoneScheduler(),
      () => BACKLOG,
    );
  });

  it('mq-deadline: past its time, after a batch for each older one of its kind, and those of the other kind between', () => {
    const [batch, starved] = [4, 2];
    const expires = { [read]: 50, [write]: 200 } as Record<number, number>;
    check(
      () =>
        new MqDeadlineScheduler({
          fifoBatch: batch,
          writesStarved: starved,
          readExpire: expires[read]!,
          writeExpire: expires[write]!,
        }),
      (op, { ms }) => {
        const untilDue = Math.ceil((expires[op]! + 4) / ms);
        const between = op === read ? 1 : starved;
        return untilDue + batch + (BACKLOG + 1) * batch * (1 + between);
      },
    );
  });

  it('kyber: after those of its domain, and a batch of each other domain for each of its own batches', () => {
    const batches = { [read]: 16, [write]: 8 } as Record<number, number>;
    check(
      () => new KyberScheduler(),
      (op) => (Math.floor(BACKLOG / batches[op]!) + 2) * (16 + 8 + 1 + 1),
    );
  });

  it('bfq: past its time, after a budget of each process for each of the older ones of its own', () => {
    const [budget, expire] = [64, 100];
    check(
      () => new BfqScheduler({ maxBudget: budget, sliceIdle: 0, fifoExpireSync: expire }),
      (_, { ms, contexts }) => {
        const untilDue = Math.ceil((expire + 4) / ms);
        return untilDue + (BACKLOG + 2) * contexts * (budget + LONGEST);
      },
    );
  });
});
