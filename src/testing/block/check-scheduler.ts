/** The compliance suite of schedulers. */
import { BlkRequest } from '../../block/blk-request.ts';
import type { IoScheduler } from '../../block/io-scheduler.ts';
import { MergeKind } from '../../block/merge-rule.ts';
import { RequestQueue } from '../../block/request-queue.ts';
import { NullBlkDriver } from '../../block-drivers/null-blk-driver.ts';
import { SparseMedium } from '../../devices/sparse-medium.ts';
import { BioFlag, BioOp, contextFlags } from '../../interfaces/bio.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { makePrng } from '../../sim/prng.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { BlockLaw, blockLaw } from './block-laws.ts';
import { type BlockCheckOptions, checkBlockDevice } from './check-block-device.ts';

/** How {@link checkScheduler} runs. */
export interface SchedulerCheckOptions extends BlockCheckOptions {
  /** The most requests of one priority that may overtake one that waits; 2,000 unless given. */
  readonly mostOvertakes?: number;
}

/**
 * Checks a scheduler against the laws of its interface: alone, and under this library's block layer on drivers of several shapes.
 *
 * @param make makes a fresh scheduler
 * @throws BlockLawError that names the first law that is broken
 */
export function checkScheduler(
  make: () => IoScheduler,
  { seed = 1, rounds = 40, mostOvertakes = 2_000 }: SchedulerCheckOptions = {},
): void {
  const chance = makePrng(seed);
  checkAlone(make(), chance.split('alone'), rounds);
  for (const op of [BioOp.read, BioOp.write]) checkStarvation(make(), op, mostOvertakes);
  for (const [i, shape] of SHAPES.entries()) {
    checkBlockDevice(
      (executor, _, watch) => {
        const medium = new SparseMedium({ sectorCount: 4096 });
        const driver = (on: SimExecutor): NullBlkDriver =>
          new NullBlkDriver(on, { medium, completionNs: 1_000, ...shape });
        const queue = new RequestQueue(executor, watch(driver(executor)), { scheduler: make() });
        return {
          device: queue,
          tagsInUse: () => queue.tagsInUse + queue.requestsInUse,
          powerCut: (prng, next) => {
            medium.powerCut(prng);
            return new RequestQueue(next, driver(next), { scheduler: make() });
          },
        };
      },
      { seed: seed + i, rounds },
    );
  }
}

const SHAPES = [
  { queueDepth: 1 },
  { queueDepth: 4, hardwareQueueCount: 2, limits: { maxSegments: 4, fua: false } },
  { queueDepth: 8, limits: { maxSectors: 24, chunkSectors: 64, virtBoundaryMask: 4095 } },
];

const HARDWARE_QUEUES = 2;

/** A scheduler without a block layer: nothing merges. */
class Bench {
  readonly executor = new SimExecutor();
  readonly #scheduler: IoScheduler;
  readonly #memory = new RegionMemory([{ base: 0, size: 4096 }]);
  readonly #waiting = new Set<BlkRequest>();
  #told = 0;

  constructor(scheduler: IoScheduler) {
    this.#scheduler = scheduler;
    scheduler.attach({
      executor: this.executor,
      hardwareQueueCount: HARDWARE_QUEUES,
      requestCount: 256,
      noMerges: 0,
      mergeBio: () => MergeKind.none,
      mergeRequests: () => false,
      inserted: () => {
        this.#told += 1;
      },
      run: () => {},
    });
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  insert(op: BioOp, sector: number, flags: number, hardwareQueue: number): BlkRequest {
    const nothing = (): void => {};
    const request = new BlkRequest(hardwareQueue, 0, this.#memory, nothing, nothing);
    request.op = op;
    request.sector = sector;
    request.sectorCount = 8;
    request.flags = flags;
    request.insertedNs = this.executor.now;
    this.#waiting.add(request);
    const told = this.#told;
    this.#scheduler.insert(request, false);
    const what = 'insert tells its host `inserted` or `mergeRequests`';
    blockLaw(this.#told === told + 1, BlockLaw.scheduled, what);
    return request;
  }

  dispatch(hardwareQueue: number): BlkRequest | undefined {
    const hasWork = this.#scheduler.hasWork(hardwareQueue);
    const request = this.#scheduler.dispatch(hardwareQueue);
    if (request === undefined) return undefined;
    blockLaw(hasWork, BlockLaw.scheduled, 'it gave a request, but said that it has no work');
    const isKnown = this.#waiting.delete(request);
    blockLaw(isKnown, BlockLaw.scheduled, 'it gave a request that does not wait there');
    request.startedNs = this.executor.now;
    return request;
  }

  end(request: BlkRequest): void {
    this.#scheduler.ended(request);
  }
}

function checkAlone(scheduler: IoScheduler, chance: Prng, rounds: number): void {
  for (const flags of [0, BioFlag.sync]) {
    for (const slots of [1, 2, 64, 256]) {
      const limit = scheduler.slotLimit(BioOp.write, flags, slots);
      blockLaw(limit >= 1, BlockLaw.scheduled, `writes may hold ${limit} of ${slots} slots`);
    }
  }
  const bench = new Bench(scheduler);
  const inFlight: BlkRequest[] = [];
  for (let i = 0; i < rounds * 10; i++) {
    if (chance.oneIn(2) && bench.waiting < 200) {
      const op = chance.oneIn(2) ? BioOp.read : BioOp.write;
      const flags = contextFlags(chance.below(3)) | (chance.oneIn(2) ? BioFlag.sync : 0);
      bench.insert(op, chance.below(100_000) * 8, flags, chance.below(HARDWARE_QUEUES));
    } else {
      const request = bench.dispatch(chance.below(HARDWARE_QUEUES));
      if (request !== undefined) inFlight.push(request);
      else if (inFlight.length > 0) bench.end(inFlight.shift()!);
    }
    bench.executor.runUntil(bench.executor.now + chance.below(100_000));
  }
  drain(bench, inFlight);
  const what = `${bench.waiting} requests were never given`;
  blockLaw(bench.waiting === 0, BlockLaw.scheduled, what);
}

/** Takes all that waits; time passes for what the scheduler holds back. */
function drain(bench: Bench, inFlight: BlkRequest[]): void {
  for (let idle = 0; bench.waiting > 0 && idle < 1_000; ) {
    for (const request of inFlight.splice(0)) bench.end(request);
    for (let queue = 0; queue < HARDWARE_QUEUES; queue++) {
      const request = bench.dispatch(queue);
      if (request !== undefined) inFlight.push(request);
    }
    idle = inFlight.length > 0 ? 0 : idle + 1;
    bench.executor.runUntil(bench.executor.now + 1_000_000);
  }
}

/** One request of an operation against a flood of the other, which comes in at the next sector always. */
function checkStarvation(scheduler: IoScheduler, op: BioOp, most: number): void {
  const bench = new Bench(scheduler);
  const other = op === BioOp.read ? BioOp.write : BioOp.read;
  let sector = 0;
  const flood = (): void => {
    sector += 8;
    bench.insert(other, sector, BioFlag.sync | contextFlags(1), 0);
  };
  for (let i = 0; i < 32; i++) flood();
  const wanted = bench.insert(op, 10_000_000, BioFlag.sync | contextFlags(2), 0);
  for (let overtakes = 0; overtakes <= most; overtakes++) {
    bench.executor.runUntil(bench.executor.now + 1_000_000);
    const request = bench.dispatch(0);
    if (request === wanted) return;
    if (request === undefined) continue;
    flood();
    bench.end(request);
  }
  const name = op === BioOp.read ? 'read' : 'write';
  blockLaw(false, BlockLaw.noStarvation, `a ${name} was overtaken ${most} times`);
}
