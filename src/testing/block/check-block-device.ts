/** The compliance suites of block devices and of blk-mq drivers. */
import { RequestQueue } from '../../block/request-queue.ts';
import { type Bio, BioOp, BlkStatus, type BlockDevice } from '../../interfaces/bio.ts';
import type { BlkMqOps } from '../../interfaces/blk-mq.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { makePrng } from '../../sim/prng.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { BioWorkload, makeBioMemory } from './bio-workload.ts';
import { BlockLaw, blockLaw } from './block-laws.ts';
import { RestlessOps } from './restless-ops.ts';
import { WatchedOps } from './watched-ops.ts';

/** A fresh device that holds zeroes, 64 sectors at least. */
export interface BlockDeviceUnderTest {
  readonly device: BlockDevice;
  /** Cuts the power: a new device on what is left, on a new executor; the old one runs no more. Absent where there is no power to cut. */
  readonly powerCut?: (chance: Prng, executor: SimExecutor) => BlockDevice;
  /** Tags that are held, where the device has tags. */
  readonly tagsInUse?: () => number;
}

/**
 * Makes a fresh device.
 *
 * @param memory where the data of all bios lies, after a power cut too
 * @param watch wraps a driver, so that the requests that reach it are judged too, and that it refuses some and gives some back
 */
export type BlockDeviceFactory = (
  executor: SimExecutor,
  memory: GuestMemory,
  watch: (ops: BlkMqOps) => BlkMqOps,
) => BlockDeviceUnderTest;

/** A fresh driver, started, on a medium that holds zeroes. */
export interface BlkMqOpsUnderTest {
  readonly ops: BlkMqOps;
  /** As for a block device: a driver on what is left. */
  readonly powerCut?: (chance: Prng, executor: SimExecutor) => BlkMqOps;
}

/** Makes a fresh driver. */
export type BlkMqOpsFactory = (executor: SimExecutor, memory: GuestMemory) => BlkMqOpsUnderTest;

/** How a compliance suite runs. */
export interface BlockCheckOptions {
  /** Decides the bios. */
  readonly seed?: number;
  /** Rounds of random bios, and power cuts. */
  readonly rounds?: number;
}

/**
 * Checks a block device against the laws of its interface.
 *
 * @throws BlockLawError that names the first law that is broken
 */
export function checkBlockDevice(
  factory: BlockDeviceFactory,
  { seed = 1, rounds = 40 }: BlockCheckOptions = {},
): void {
  const chance = makePrng(seed);
  checkRandomBios(factory, chance.split('bios'), rounds);
  checkRandomBios(factory, chance.split('restless'), rounds, true);
  checkRefusals(factory);
  checkReuse(factory);
  for (let i = 0; i < rounds; i++) checkPowerCut(factory, chance.split(`cut ${i}`));
}

/**
 * Checks a blk-mq driver against the laws of its interface, under this library's block layer.
 *
 * @throws BlockLawError that names the first law that is broken
 */
export function checkBlkMqOps(factory: BlkMqOpsFactory, options: BlockCheckOptions = {}): void {
  checkBlockDevice((executor, memory, watch) => {
    const { ops, powerCut } = factory(executor, memory);
    const queue = new RequestQueue(executor, watch(ops));
    return {
      device: queue,
      tagsInUse: () => queue.tagsInUse + queue.requestsInUse,
      ...(powerCut === undefined
        ? {}
        : {
            powerCut: (chance: Prng, next: SimExecutor) =>
              new RequestQueue(next, powerCut(chance, next)),
          }),
    };
  }, options);
}

interface Subject extends BlockDeviceUnderTest {
  workload: BioWorkload;
  watched: WatchedOps | undefined;
}

function start(factory: BlockDeviceFactory, chance: Prng, isRestless = false): Subject {
  const executor = new SimExecutor();
  let watched: WatchedOps | undefined;
  const memory = makeBioMemory();
  const subject = factory(executor, memory, (ops) => {
    watched = new WatchedOps(
      isRestless ? new RestlessOps(executor, ops, chance.split('ops')) : ops,
    );
    return watched;
  });
  const { capacitySectors, limits } = subject.device;
  blockLaw(capacitySectors >= 64, BlockLaw.endsWell, 'the suite wants 64 sectors at least');
  blockLaw(limits.logicalBlockSize >= 512, BlockLaw.endsWell, 'a logical block is 512 or more');
  return {
    ...subject,
    workload: new BioWorkload(executor, subject.device, memory, chance),
    watched,
  };
}

/** @param isRestless the driver refuses, gives back and takes its time, where it is a watched one */
function checkRandomBios(
  factory: BlockDeviceFactory,
  chance: Prng,
  rounds: number,
  isRestless = false,
): void {
  const { workload, watched, tagsInUse } = start(factory, chance, isRestless);
  for (let i = 0; i < rounds; i++) {
    workload.round();
    const held = tagsInUse?.() ?? 0;
    blockLaw(held === 0, BlockLaw.tags, `${held} tags are held at idle`);
    if (watched === undefined) continue;
    const { sectorsSeen } = watched;
    const what = `${sectorsSeen} sectors of ${workload.sectorsSubmitted}`;
    blockLaw(sectorsSeen === workload.sectorsSubmitted, BlockLaw.everyByteOnce, what);
  }
  workload.verify();
}

function checkRefusals(factory: BlockDeviceFactory): void {
  const { workload, device } = start(factory, makePrng(0));
  for (const sector of [device.capacitySectors, -8, 0.5]) {
    let ends = 0;
    const bio = workload.one({ op: BioOp.read, sector, sectorCount: 8 }, () => {
      ends += 1;
    });
    blockLaw(ends === 1, BlockLaw.endsOnce, `a read at ${sector} ended ${ends} times`);
    const isRefused = bio.status === BlkStatus.ioError;
    blockLaw(isRefused, BlockLaw.refuses, `a read at ${sector} ended with ${bio.status}`);
  }
}

function checkReuse(factory: BlockDeviceFactory): void {
  const { workload, device } = start(factory, makePrng(0));
  let left = 3;
  const again = (bio: Bio): void => {
    left -= 1;
    if (left > 0) device.submitBio(bio);
  };
  workload.one({ op: BioOp.flush }, again);
  blockLaw(left === 0, BlockLaw.reuse, `${left} ends are missing`);
}

/** Power cuts at any event of some bios, twice on one medium. */
function checkPowerCut(factory: BlockDeviceFactory, chance: Prng): void {
  const { workload, powerCut } = start(factory, chance);
  if (powerCut === undefined) return;
  for (let i = chance.below(4); i >= 0; i--) workload.round();
  workload.startAndStop(chance.below(24));
  const executor = new SimExecutor();
  workload.afterPowerCut(executor, powerCut(chance.split('cut'), executor));
  workload.round();
  workload.verify();
}
