import { describe, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { parseJobFile } from '../../src/workload/job-file.ts';
import { planWorkload } from '../../src/workload/workload-plan.ts';
import { WorkloadRunner } from '../../src/workload/workload-runner.ts';
import { allocatedPerOp } from '../support/heap.ts';
import { FakeTarget } from './fake-target.ts';

describe('an I/O', () => {
  it('takes no memory of its own', () => {
    // A driver that ends each command at once from one task, so that the workload alone is measured.
    const target = new FakeTarget();
    const waiting: Parameters<FakeTarget['queueRq']>[1][] = new Array(64);
    let count = 0;
    const task = {
      owner: 'fake',
      run: (): void => {
        const ended = count;
        count = 0;
        for (let i = 0; i < ended; i++) waiting[i]!.end(waiting[i]!);
      },
      background: false,
      dueNs: 0,
      sequence: 0,
      slot: -1,
    };
    const host = {
      ioQueueCount: 1,
      maxTransferBytes: 1 << 20,
      volatileWriteCache: false,
      namespaces: target.namespaces,
      queueRq: (_: number, request: (typeof waiting)[0]): boolean => {
        waiting[count++] = request;
        return true;
      },
      commitRqs: (): void => target.executor.schedule(task, target.executor.now + 100),
      abort: (): 2 => 2,
    };
    const plan = planWorkload(
      parseJobFile('a.fio', '[a]\nrw=randrw\nbs=512\niodepth=32\nloops=4000000000\nfsync=64'),
      {
        blockBytes: 512,
        blockCount: 2048,
        timePasses: true,
      },
    );
    const { executor, memory, buffers } = target;
    const runner = new WorkloadRunner(
      { executor, memory, buffers, host, nsid: 1, tracer: undefined },
      plan,
      makePrng(1),
    );
    expect(allocatedPerOp((steps) => void runner.slice(steps))).toBeLessThan(1);
    expect(runner.progress().ios).toBeGreaterThan(100_000);
  });
});
