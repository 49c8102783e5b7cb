import { describe, expect, it } from 'vitest';
import {
  grouped,
  isClean,
  JobResult,
  MAX_ERROR_SAMPLES,
  totalIos,
  type WorkloadResult,
} from '../../src/workload/workload-result.ts';

const access = { reads: true, writes: false, random: false };

function job(name: string, group = 0, ioBytes = 512): JobResult {
  return new JobResult({ name, description: undefined, group, access, ioBytes, iodepth: 1 });
}

function whole(jobs: readonly JobResult[], isComplete = true): WorkloadResult {
  return { jobs, isComplete, wasInterrupted: false, virtualNs: 0, wallMs: 0 };
}

describe('results of jobs', () => {
  it('add up, and take the longest time', () => {
    const [a, b] = [job('a'), job('b', 0, 2048)];
    Object.assign(a, { runtimeNs: 5, verifyRuntimeNs: 9, verifyErrors: 1 });
    Object.assign(b, { runtimeNs: 7, verifyRuntimeNs: 2, verifyErrors: 2, lost: 3 });
    a.errors.set(6, 1);
    b.errors.set(6, 2).set(7, 4);
    a.read.ios = 3;
    b.read.ios = 2;
    b.read.latency.add(100);
    b.sample('x');
    a.merge(b);
    expect(a).toMatchObject({
      jobs: 2,
      runtimeNs: 7,
      verifyRuntimeNs: 9,
      verifyErrors: 3,
      lost: 3,
      errorCount: 7,
      samples: ['x'],
    });
    expect([...a.errors]).toEqual([
      [6, 3],
      [7, 4],
    ]);
    expect([a.read.ios, a.read.bytes, a.read.latency.max]).toEqual([5, 3 * 512 + 2 * 2048, 100]);
    expect(totalIos([a, b])).toBe(7);
  });

  it('keep the first errors alone', () => {
    const a = job('a');
    for (let i = 0; i < 20; i++) a.sample(`${i}`);
    expect(a.samples).toEqual(Array.from({ length: MAX_ERROR_SAMPLES }, (_, i) => `${i}`));
  });

  it('are grouped by stonewall for those that ask for it', () => {
    const all = [job('a', 0), job('b', 0), job('c', 1), job('d', 1), job('e', 1)];
    const shown = grouped(all, (index) => index !== 3);
    expect(shown.map((each) => [each.name, each.jobs])).toEqual([
      ['a', 2],
      ['c', 2],
      ['d', 1],
    ]);
  });

  it('are clean without errors of any kind', () => {
    expect(isClean(whole([job('a')]))).toBe(true);
    expect(isClean(whole([job('a')], false))).toBe(false);
    for (const harm of [{ verifyErrors: 1 }, { lost: 1 }]) {
      expect(isClean(whole([Object.assign(job('a'), harm)]))).toBe(false);
    }
    const failed = job('a');
    failed.errors.set(6, 1);
    expect(isClean(whole([failed]))).toBe(false);
  });
});
