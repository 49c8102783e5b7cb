import { makeScheduler, SCHEDULER_NAMES } from '../../src/block/make-scheduler.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import type { BlkMqOps } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, makeMemory, type TestBio } from '../block/rig.ts';
import { type DriverName, makeDriver, makeMedium } from '../block-drivers/worlds.ts';
import type { Batch } from '../support/heap.ts';
import { benchGroup } from './harness.ts';

const DEPTH = 32;
const memory = makeMemory();
const instant = new FixedLatency();

/** Keeps 32 bios of 4 KiB in flight, each at another place. */
function keepInFlight(
  make: (executor: SimExecutor) => BlkMqOps,
  op: BioOp,
  { flags = 0, scheduler = 'none' }: { flags?: number; scheduler?: string } = {},
): Batch {
  const executor = new SimExecutor();
  const queue = new RequestQueue(executor, make(executor), {
    scheduler: makeScheduler(scheduler),
  });
  let left = 0;
  let place = 0;
  const next = (bio: TestBio): void => {
    if (left === 0) return;
    left -= 1;
    place = (place * 5 + 1) & 0xff;
    bio.sector = place * 8;
    queue.submitBio(bio);
  };
  const bios = Array.from({ length: DEPTH }, (_, i) => {
    const bio = makeBio(memory, { op, gpa: i * 4096, flags });
    bio.end = () => next(bio);
    return bio;
  });
  return (count) => {
    left = count;
    for (const bio of bios) next(bio);
    executor.runUntilIdle();
  };
}

const driver =
  (name: DriverName, writeCache = false, fua = true) =>
  (executor: SimExecutor): BlkMqOps =>
    makeDriver(name, executor, makeMedium({ writeCache }), memory, {
      queueDepth: DEPTH,
      latency: instant,
      fua,
    });
const discarding = (executor: SimExecutor): BlkMqOps => new NullBlkDriver(executor);

/** Plugs of 32 bios, each of which goes on where the last one ended. */
function plugged(scheduler: string, noMerges: number): Batch {
  const executor = new SimExecutor();
  const queue = new RequestQueue(executor, discarding(executor), {
    scheduler: makeScheduler(scheduler),
    noMerges,
  });
  const bios = Array.from({ length: DEPTH }, (_, i) =>
    makeBio(memory, { op: BioOp.read, sector: i * 8, gpa: i * 8192 }),
  );
  return (count) => {
    for (let left = count; left > 0; left -= DEPTH) {
      queue.plug();
      for (const bio of bios) queue.submitBio(bio);
      queue.unplug();
      executor.runUntilIdle();
    }
  };
}

benchGroup(
  '4-KiB bios through null_blk with 32 in flight, by scheduler',
  Object.fromEntries(
    SCHEDULER_NAMES.map((scheduler) => [
      scheduler,
      () => keepInFlight(discarding, BioOp.read, { scheduler }),
    ]),
  ),
);

benchGroup('4-KiB bios of one stream, in plugs of 32', {
  'none, no merges': () => plugged('none', 2),
  'none, merges': () => plugged('none', 0),
  'mq-deadline, no merges': () => plugged('mq-deadline', 2),
  'mq-deadline, merges': () => plugged('mq-deadline', 0),
});

benchGroup('4-KiB bios with 32 in flight', {
  'none and null_blk': () => keepInFlight(discarding, BioOp.read),
  'null_blk on memory, reads': () => keepInFlight(driver('null_blk'), BioOp.read),
  'null_blk on memory, writes': () => keepInFlight(driver('null_blk'), BioOp.write),
  'null_blk on a cache, writes': () => keepInFlight(driver('null_blk', true), BioOp.write),
  'null_blk, FUA by flush': () =>
    keepInFlight(driver('null_blk', true, false), BioOp.write, { flags: BioFlag.fua }),
  'SCSI disk, reads': () => keepInFlight(driver('scsi'), BioOp.read),
  'SCSI disk, writes': () => keepInFlight(driver('scsi'), BioOp.write),
  'SATA disk, reads': () => keepInFlight(driver('sata'), BioOp.read),
  'SATA disk, writes': () => keepInFlight(driver('sata'), BioOp.write),
});
