import { expect, it } from 'vitest';
import { RequestQueue } from '../../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../../src/block-drivers/null-blk-driver.ts';
import { SparseMedium } from '../../../src/devices/sparse-medium.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { TraceRecorder } from '../../../src/sim/trace-recorder.ts';
import { BioWorkload, makeBioMemory } from '../../../src/testing/block/bio-workload.ts';

function traceOf(seed: number): string[] {
  const executor = new SimExecutor();
  const lines: string[] = [];
  const medium = new SparseMedium({ sectorCount: 1024 });
  const tracer = new TraceRecorder(executor, (line) => lines.push(line));
  const driver = new NullBlkDriver(executor, { medium, limits: { maxSectors: 64 } });
  const queue = new RequestQueue(executor, driver, { tracer });
  const workload = new BioWorkload(executor, queue, makeBioMemory(), makePrng(seed));
  for (let i = 0; i < 20; i++) workload.round();
  workload.verify();
  return lines;
}

it('is decided by its seed, and meets reads, writes, flushes, merges and splits', () => {
  const trace = traceOf(5);
  expect(traceOf(5)).toEqual(trace);
  expect(traceOf(6)).not.toEqual(trace);
  const names = new Set(trace.map((line) => JSON.parse(line).event));
  for (const name of ['Q', 'X', 'G', 'M', 'P', 'D', 'C']) expect(names).toContain(name);
});
