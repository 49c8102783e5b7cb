import { expect, it } from 'vitest';
import { makeScheduler } from '../../src/block/make-scheduler.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { type DriverName, makeDriver, makeMedium } from '../block-drivers/worlds.ts';
import { allocatedPerOp } from '../support/heap.ts';
import { makeBio, makeMemory, type TestBio } from './rig.ts';

const memory = makeMemory();

/** Bytes that one bio of 32 in flight allocates. */
function bytesPerBio(name: DriverName, op: BioOp, flags = 0, scheduler = 'none'): number {
  const executor = new SimExecutor();
  const driver = makeDriver(name, executor, makeMedium(), memory, {
    queueDepth: 32,
    latency: new FixedLatency({ readNs: 10, writeNs: 20 }),
    fua: false,
    limits: { maxSectors: 16 },
  });
  const queue = new RequestQueue(executor, driver, { scheduler: makeScheduler(scheduler) });
  let left = 0;
  const next = (bio: TestBio): void => {
    if (left === 0) return;
    left -= 1;
    bio.sector = (left & 0x3f) * 24;
    queue.submitBio(bio);
  };
  const bios = Array.from({ length: 32 }, (_, i) => {
    const bio = makeBio(memory, { op, gpa: i * 16_384, sectorCount: 24, flags });
    bio.end = () => next(bio);
    return bio;
  });
  const batch = (count: number): void => {
    left = count;
    queue.plug();
    for (const bio of bios) next(bio);
    queue.unplug();
    executor.runUntilIdle();
  };
  // Code that is not optimized yet makes garbage of its own; what a bio allocates shows in every measurement.
  return Math.min(allocatedPerOp(batch, 5_000), allocatedPerOp(batch, 5_000));
}

it.each([
  ['null_blk', BioOp.read, 0],
  ['null_blk', BioOp.write, 0],
  ['null_blk', BioOp.write, BioFlag.preflush | BioFlag.fua],
  ['scsi', BioOp.read, 0],
  ['scsi', BioOp.write, 0],
  ['sata', BioOp.read, 0],
  ['sata', BioOp.write, 0],
] as const)('%s allocates nothing per bio of operation %i with flags %i', (name, op, flags) => {
  // An instant of virtual time costs the executor some bytes; the smallest object for each bio would be 12.
  expect(bytesPerBio(name, op, flags)).toBeLessThan(8);
});

it.each(['mq-deadline', 'kyber', 'bfq'])('%s allocates nothing per bio', (scheduler) => {
  expect(bytesPerBio('null_blk', BioOp.read, 0, scheduler)).toBeLessThan(8);
});
