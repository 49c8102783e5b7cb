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
  { flags = 0, isPlugged = false }: { flags?: number; isPlugged?: boolean } = {},
): Batch {
  const executor = new SimExecutor();
  const queue = new RequestQueue(executor, make(executor));
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
    if (isPlugged) queue.plug();
    for (const bio of bios) next(bio);
    if (isPlugged) queue.unplug();
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
