import { describe, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { parseJobFile } from '../../src/workload/job-file.ts';
import { JobRun } from '../../src/workload/job-run.ts';
import { planWorkload } from '../../src/workload/workload-plan.ts';
import { FakeTarget } from './fake-target.ts';

function make(target: FakeTarget, lines: string): { job: JobRun; wakes: () => number } {
  const { blockBytes, blockCount } = target.namespaces[0]!;
  const file = parseJobFile('a.fio', `[a]\n${lines}`);
  const planned = planWorkload(file, { blockBytes, blockCount, timePasses: true }).groups[0]![0]!;
  let count = 0;
  const job = new JobRun(target, planned, 1, makePrng(1), { last: 0 }, () => {
    count += 1;
  });
  return { job, wakes: () => count };
}

function turn(target: FakeTarget, job: JobRun): boolean {
  const queued = job.fill();
  target.commitRqs(1);
  target.executor.runUntilIdle();
  return queued;
}

describe('JobRun', () => {
  it('issues as much as its depth allows, and more when it was woken', () => {
    const target = new FakeTarget({ blocks: 5 * 8 });
    const { job, wakes } = make(target, 'iodepth=2');
    expect(turn(target, job)).toBe(true);
    expect([target.seen.length, wakes(), job.progress]).toEqual([2, 2, 0.4]);
    turn(target, job);
    turn(target, job);
    expect([target.seen.length, job.isDone]).toEqual([5, false]);
    expect(job.fill()).toBe(false);
    expect([job.isDone, job.progress]).toEqual([true, 1]);
    expect(job.fill()).toBe(false);
  });

  it('writes other bytes from each slot, and none of zero', () => {
    const target = new FakeTarget({ blocks: 16 });
    const { job } = make(target, 'rw=write\niodepth=2');
    turn(target, job);
    expect(target.bytes.filter((byte) => byte === 0).length).toBeLessThan(100);
    expect(target.bytes.subarray(0, 4096)).not.toEqual(target.bytes.subarray(4096));
  });

  it('counts what is in flight as lost when it is abandoned', () => {
    const target = new FakeTarget();
    const { job } = make(target, 'iodepth=3');
    job.fill();
    job.abandon();
    expect([job.isDone, job.result.lost]).toEqual([true, 3]);
  });
});
