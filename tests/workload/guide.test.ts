import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { parseJobFile } from '../../src/workload/job-file.ts';
import { planWorkload } from '../../src/workload/workload-plan.ts';
import { isClean } from '../../src/workload/workload-result.ts';
import { WorkloadRunner } from '../../src/workload/workload-runner.ts';
import { listFiles, root } from '../support/source-tree.ts';
import { FakeTarget } from './fake-target.ts';
import { ignoredList, keyTable } from './guide.ts';

describe('the guide to job files', () => {
  const guide = readFileSync(`${root}docs/fio.md`, 'utf8');

  it('has the table of keys as the parser has it', () => {
    expect(guide).toContain(`\n\n${keyTable()}\n\n`);
  });

  it('has all ignored keys', () => {
    expect(guide).toContain(`\n\n${ignoredList()}\n\n`);
  });
});

describe('the job files of the examples', () => {
  const files = listFiles('examples/jobs', '.fio');

  it('are four to six', () => {
    expect(files.length).toBeGreaterThanOrEqual(4);
    expect(files.length).toBeLessThanOrEqual(6);
  });

  it.each(files)('%s runs without errors on a disk of 64 MiB', (path) => {
    const target = new FakeTarget({ blocks: 131_072, queues: 2, memoryBytes: 16 << 20 });
    const file = parseJobFile(path, readFileSync(root + path, 'utf8'));
    const plan = planWorkload(file, { blockBytes: 512, blockCount: 131_072, timePasses: true });
    const runner = new WorkloadRunner(target, plan, makePrng(1));
    while (runner.slice(10_000));
    expect(isClean(runner.result())).toBe(true);
    expect(target.seen.length).toBeGreaterThan(100);
  });
});
