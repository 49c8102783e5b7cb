/**
 * The block layer of one device: bios in, requests to a blk-mq driver out.
 *
 * A bio is checked, cut by the limits of the queue, and each part gets a slot with its request. Reads and writes wait in the plug, go to the
 * scheduler, or straight to the driver; a bio that continues a waiting request is merged into it. What needs a flush passes through the flush
 * machine. Bios that find no slot wait in line; a bio ends when its last part does, with the first error of any part.
 *
 * Trace events are those of blktrace, as `block-sight.ts` has them.
 *
 * Does not model: CPUs (bios go to the hardware queues in turn), changing the scheduler of a queue that works.
 */
import { assert, ConfigError } from '../base/assert.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
} from '../interfaces/bio.ts';
import type { BlkMqOps } from '../interfaces/blk-mq.ts';
import { BlockAction, type BlockObserver } from '../interfaces/block-observer.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { judgeBio } from './bio-check.ts';
import { BioIntake } from './bio-intake.ts';
import { BioLedger } from './bio-ledger.ts';
import type { BioWalk } from './bio-walk.ts';
import { type BlkRequest, dropFront, RequestState } from './blk-request.ts';
import { BlockSight } from './block-sight.ts';
import { FlushMachine } from './flush-machine.ts';
import { FreezeGate } from './freeze-gate.ts';
import { HardwareQueue, type HardwareQueueEvents } from './hardware-queue.ts';
import { type IoScheduler, NoneScheduler, type SchedulerHost } from './io-scheduler.ts';
import { Merger } from './merge-rule.ts';
import { Plug } from './plug.ts';
import { checkLimits } from './queue-limits.ts';
import { QueueStats } from './queue-stats.ts';
import { DEFAULT_TIMEOUT_NS, TimeoutWatch } from './timeout-watch.ts';

/** How a {@link RequestQueue} works. */
export interface RequestQueueOptions {
  /** `blockRequestNs` is what each request costs before the driver sees it, one after another. */
  costs?: CostTable;
  tracer?: Tracer | undefined;
  /** Receives the events of this device, such as a blktrace writer. */
  observer?: BlockObserver | undefined;
  /** Order of requests; `none` unless given. */
  scheduler?: IoScheduler;
  /** `nr_requests`: requests of each hardware queue; as many as the driver has tags unless given, with a scheduler twice that (256 at most). */
  requestCount?: number | undefined;
  /** `nomerges`: 1 leaves only the look at the newest request, 2 merges nothing; 0 unless given. */
  noMerges?: number;
  /** The device is zoned: its writes pass the plug by, so that their order stays. */
  isZoned?: boolean;
  /** After how long the driver is asked about a request; 30 s unless given. */
  timeoutNs?: number;
  /** Owner of its tasks. */
  owner?: string;
}

/** A block device over a blk-mq driver that has been started. */
export class RequestQueue implements BlockDevice {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  /** What the queue did so far. */
  readonly stats = new QueueStats();
  readonly #executor: Executor;
  readonly #sight: BlockSight;
  readonly #scheduler: IoScheduler;
  readonly #queues: readonly HardwareQueue[];
  readonly #flushMachines: readonly FlushMachine[];
  readonly #watch: TimeoutWatch;
  readonly #merger: Merger;
  readonly #ledger: BioLedger;
  readonly #gate: FreezeGate;
  readonly #plug: Plug;
  readonly #intake: BioIntake;
  readonly #noMerges: number;
  #turn = 0;
  #quiesceDepth = 0;

  /** @throws ConfigError when the driver's limits or sizes cannot be used */
  constructor(executor: Executor, ops: BlkMqOps, options: RequestQueueOptions = {}) {
    checkLimits(ops.limits);
    checkCount('hardwareQueueCount', ops.hardwareQueueCount);
    checkCount('queueDepth', ops.queueDepth);
    const owner = options.owner ?? 'block';
    const memory = new RegionMemory([{ base: 0, size: 4096 }]);
    this.limits = ops.limits;
    this.capacitySectors = ops.capacitySectors;
    this.#executor = executor;
    this.#sight = new BlockSight(options.tracer, options.observer);
    this.#scheduler = options.scheduler ?? new NoneScheduler();
    this.#noMerges = options.noMerges ?? 0;
    const requestCount = this.#requestCount(ops.queueDepth, options.requestCount);
    this.#merger = new Merger(ops.limits, this.#sight, this.stats);
    this.#ledger = new BioLedger(executor, owner);
    this.#gate = new FreezeGate(this.#ledger, (walk) => this.#enter(walk, walk.bio!));
    const events = this.#events();
    this.#queues = Array.from(
      { length: ops.hardwareQueueCount },
      (_, index) =>
        new HardwareQueue(
          executor,
          ops,
          index,
          memory,
          this.#scheduler,
          events,
          owner,
          requestCount,
        ),
    );
    this.#plug = new Plug(this.#queues, this.#scheduler.isDirect, this.#sight);
    this.#scheduler.attach(this.#host(requestCount));
    this.#flushMachines = this.#queues.map(
      (queue) =>
        new FlushMachine(
          executor,
          queue.flush,
          (request) => queue.requeue(request),
          (request) => this.#finish(request),
        ),
    );
    this.#intake = new BioIntake({
      executor,
      limits: ops.limits,
      scheduler: this.#scheduler,
      flushMachines: this.#flushMachines,
      plug: this.#plug,
      merger: this.#merger,
      ledger: this.#ledger,
      sight: this.#sight,
      noMerges: this.#noMerges,
      isZoned: options.isZoned ?? false,
      requestNs: (options.costs ?? NO_COSTS).blockRequestNs,
    });
    const timeoutNs = options.timeoutNs ?? DEFAULT_TIMEOUT_NS;
    this.#watch = new TimeoutWatch(executor, ops, this.#queues, timeoutNs, owner);
  }

  /** Bios that have not ended. */
  get biosInFlight(): number {
    return this.#ledger.inFlight;
  }

  /** Tags of the driver that are held, over all hardware queues. */
  get tagsInUse(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.tagsInUse, 0);
  }

  /** Requests that are held, over all hardware queues: waiting, or in the driver. */
  get requestsInUse(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.requests.length - queue.freeSlots, 0);
  }

  /** A bio waits for a request: a submitter that can sleep does so now. */
  get isCongested(): boolean {
    return this.#queues.some((queue) => queue.isCongested);
  }

  /** Name of the scheduler. */
  get scheduler(): string {
    return this.#scheduler.name;
  }

  submitBio(bio: Bio): void {
    const flags = this.limits.writeCache
      ? bio.flags
      : bio.flags & ~(BioFlag.preflush | BioFlag.fua);
    const walk = this.#ledger.begin(bio, flags);
    if (!this.#gate.isClosed) this.#enter(walk, bio);
    else if (walk.isNoWait) this.#ledger.giveUp(walk, BlkStatus.again);
    else this.#gate.hold(walk);
  }

  plug(): void {
    this.#plug.set();
  }

  unplug(): void {
    this.#plug.remove();
  }

  /** The submitter goes to sleep: what its plug holds is sent, first to last, on a later turn; the plug stays in place. */
  sleep(): void {
    this.#plug.sleep();
  }

  /** From here on nothing goes to the driver; what it has ends as ever. Nests. */
  quiesce(): void {
    this.#quiesceDepth += 1;
  }

  /** The outermost call lets requests go to the driver again. */
  unquiesce(): void {
    assert(this.#quiesceDepth > 0, 'unquiesce follows a quiesce');
    this.#quiesceDepth -= 1;
    if (this.#quiesceDepth === 0) for (const queue of this.#queues) queue.run();
  }

  /**
   * From here on bios wait outside (or end with `again`). `done` is called once, when all bios that were inside have ended; at once when
   * there are none. Nests, but `done` belongs to the outermost call.
   */
  freeze(done: () => void): void {
    this.#plug.sleep();
    this.#gate.close(done);
  }

  /** The outermost call lets bios in again, those that waited first. */
  unfreeze(): void {
    this.#gate.open();
  }

  #enter(walk: BioWalk, bio: Bio): void {
    const verdict = judgeBio(this.limits, this.capacitySectors, bio);
    if (bio.op === BioOp.flush) walk.flags |= BioFlag.preflush;
    // Without a cache there is nothing to flush.
    const isFlush = this.limits.writeCache && (walk.flags & BioFlag.preflush) !== 0;
    if (verdict !== BlkStatus.ok || (bio.sectorCount === 0 && !isFlush)) {
      this.#ledger.giveUp(walk, verdict);
      return;
    }
    this.#sight.bio(BlockAction.queued, bio, walk.flags, bio.sector, bio.sectorCount);
    const queue = this.#queues[this.#turn]!;
    this.#turn = this.#turn + 1 === this.#queues.length ? 0 : this.#turn + 1;
    this.#intake.enter(queue, walk, bio);
  }

  #mergeRequests(request: BlkRequest, next: BlkRequest): boolean {
    if (!this.#merger.tryMergeRequests(request, next)) return false;
    this.#queues[next.hardwareQueue]!.give(next);
    return true;
  }

  #requestCount(queueDepth: number, wanted: number | undefined): number {
    const { isDirect } = this.#scheduler;
    const count = wanted ?? (isDirect ? queueDepth : 2 * Math.min(queueDepth, 128));
    checkCount('requestCount', count);
    return isDirect ? Math.min(count, queueDepth) : count;
  }

  #host(requestCount: number): SchedulerHost {
    return {
      executor: this.#executor,
      hardwareQueueCount: this.#queues.length,
      requestCount,
      noMerges: this.#noMerges,
      mergeBio: (request, walk, bio, sectors) => this.#merger.tryMerge(request, walk, bio, sectors),
      mergeRequests: (request, next) => this.#mergeRequests(request, next),
      inserted: (request) => this.#sight.request(BlockAction.inserted, request),
      run: () => {
        for (const queue of this.#queues) queue.runLater();
      },
    };
  }

  #events(): HardwareQueueEvents {
    const { stats } = this;
    const isQuiesced = (): boolean => this.#quiesceDepth > 0;
    return {
      issued: (request) => {
        stats.started(this.#executor.now);
        this.#watch.started(request);
        this.#sight.request(BlockAction.issued, request);
      },
      refused: (request) => this.#sight.request(BlockAction.requeued, request),
      ended: (request) => this.#ended(request),
      woken: (queue) => this.#intake.wake(queue),
      requeued: (request, sectorsDone) => this.#requeued(request, sectorsDone),
      get isQuiesced() {
        return isQuiesced();
      },
      get inDriver() {
        return stats.inFlight;
      },
    };
  }

  #ended(request: BlkRequest): void {
    assert(request.state === RequestState.inDriver, 'a driver ends a request once');
    const queue = this.#queues[request.hardwareQueue]!;
    this.stats.ended(this.#executor.now, request.op, request.sectorCount, request.startedNs);
    this.#sight.request(BlockAction.completed, request, request.flags, request.status);
    queue.release(request);
    const machine = this.#flushMachines[queue.index]!;
    if (request === queue.flush) {
      request.state = RequestState.free;
      machine.flushEnded();
    } else {
      request.state = RequestState.queued;
      if (request.flushSteps !== 0) machine.dataEnded(request);
      else this.#finish(request);
    }
    for (const each of this.#queues) each.restart();
  }

  /** The driver gives a request back: what it did of it has ended, the rest comes again. */
  #requeued(request: BlkRequest, sectorsDone: number): void {
    assert(request.state === RequestState.inDriver, 'a driver gives back what it has');
    assert(sectorsDone >= 0 && sectorsDone < request.sectorCount, 'something is left to do');
    const queue = this.#queues[request.hardwareQueue]!;
    this.stats.requeued(this.#executor.now, request.op, sectorsDone);
    request.state = RequestState.queued;
    queue.release(request);
    if (sectorsDone > 0) {
      this.#sight.part(BlockAction.completed, request, sectorsDone);
      dropFront(request, sectorsDone);
    }
    this.#sight.request(BlockAction.requeued, request);
    if (request.isScheduled) this.#scheduler.ended(request);
    request.isScheduled = !request.isFlush && request !== queue.flush;
    queue.requeue(request);
    for (const each of this.#queues) each.restart();
  }

  /** A request has nothing left to do: its slot is free, its bios may end, those that wait go on. */
  #finish(request: BlkRequest): void {
    const queue = this.#queues[request.hardwareQueue]!;
    const { status, walkCount } = request;
    let walk = request.firstWalk!;
    if (request.isFlush) this.#sight.part(BlockAction.completed, request, 0);
    if (request.isScheduled) this.#scheduler.ended(request);
    queue.give(request);
    for (let i = 1; i < walkCount; i++) {
      const next = walk.nextInRequest!;
      this.#ledger.partEnded(walk, status);
      walk = next;
    }
    this.#ledger.partEnded(walk, status);
    queue.wakeLater();
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 65_536) {
    throw new ConfigError(name, value, 'an integer from 1 to 65536');
  }
}
