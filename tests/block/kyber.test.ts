import { describe, expect, it } from 'vitest';
import { KYBER_DEPTHS, KyberDomain, KyberScheduler } from '../../src/block/kyber.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { SchedulerBench } from './scheduler-bench.ts';

const { read, write, discard, writeZeroes } = BioOp;

function makeRig(parameters = {}) {
  const scheduler = new KyberScheduler(parameters);
  return { scheduler, bench: new SchedulerBench(scheduler) };
}

describe('the domains', () => {
  it('take turns in batches: sixteen reads, eight writes, a discard, another', () => {
    const { bench } = makeRig();
    for (let i = 0; i < 40; i++) {
      for (const op of [write, discard, read, writeZeroes]) bench.insert({ op });
    }
    const ops = Array.from({ length: 30 }, () => bench.dispatch()!.op);
    const turn = [...Array<BioOp>(16).fill(read), ...Array<BioOp>(8).fill(write)];
    expect(ops).toEqual([...turn, discard, writeZeroes, read, read, read, read]);
  });

  it('have so many requests in flight and no more, until one ends', () => {
    const { bench } = makeRig();
    for (let i = 0; i < 300; i++) bench.insert({ op: write });
    const out = [];
    for (let next = bench.dispatch(); next !== undefined; next = bench.dispatch()) out.push(next);
    expect(out).toHaveLength(KYBER_DEPTHS[KyberDomain.write]!);
    expect(bench.runs).toBe(0);
    bench.end(out[0]!);
    expect(bench.runs).toBe(1);
    expect(bench.dispatch()).toBeDefined();
  });

  it('leave a quarter of the slots to those who wait', () => {
    const { scheduler } = makeRig();
    expect(scheduler.slotLimit(write, 0, 256)).toBe(192);
    expect(scheduler.slotLimit(write, BioFlag.sync, 256)).toBe(256);
    expect(scheduler.slotLimit(read, 0, 256)).toBe(256);
  });
});

describe('the depths', () => {
  /** Reads and writes of these latencies for a while, eight of each at a time. */
  function serve(latencyMs: Readonly<Record<'read' | 'write', number>>, rounds: number): number[] {
    const { bench, scheduler } = makeRig();
    for (let i = 0; i < rounds; i++) {
      const requests = [read, write].flatMap((op) =>
        Array.from({ length: 8 }, () => bench.insert({ op })),
      );
      while (bench.dispatch() !== undefined);
      for (const request of requests) request.startedNs = bench.executor.now;
      const [first, second] = latencyMs.read <= latencyMs.write ? [read, write] : [write, read];
      const [short, long] = [latencyMs.read, latencyMs.write].sort((a, b) => a - b);
      bench.pass(short!);
      for (const request of requests) if (request.op === first) bench.end(request);
      bench.pass(long! - short!);
      for (const request of requests) if (request.op === second) bench.end(request);
    }
    return scheduler.depths;
  }

  it('stay as they are while both meet their targets', () => {
    expect(serve({ read: 1, write: 5 }, 400).slice(0, 2)).toEqual([256, 128]);
  });

  it('of writes fall when reads miss their target and writes do not', () => {
    const [reads, writes] = serve({ read: 6, write: 2 }, 400);
    expect(reads).toBe(256);
    expect(writes).toBeLessThan(64);
  });

  it('of both stay when both miss their targets', () => {
    expect(serve({ read: 30, write: 60 }, 200).slice(0, 2)).toEqual([256, 128]);
  });

  it('never fall below one', () => {
    expect(Math.min(...serve({ read: 20, write: 1 }, 2_000))).toBeGreaterThanOrEqual(1);
  });
});
