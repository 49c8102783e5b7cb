/**
 * The block layer of one device: bios in, requests to a blk-mq driver out.
 *
 * A bio is checked, cut by the limits of the queue, and each part gets a slot with its request. Reads and writes wait in the plug, go to the
 * scheduler, or straight to the driver; a bio that continues a waiting request is merged into it. What needs a flush passes through the flush
 * machine. Bios that find no slot wait in line; a bio ends when its last part does, with the first error of any part.
 *
 * Trace events are those of blktrace, as `block-sight.ts` has them. As in the real one, a plug that direct issue takes newest first leaves
 * no U.
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
  SECTOR_BYTES,
} from '../interfaces/bio.ts';
import type { BlkMqOps } from '../interfaces/blk-mq.ts';
import { BlockAction, type BlockObserver } from '../interfaces/block-observer.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { makeTask } from '../sim/task.ts';
import { judgeBio } from './bio-check.ts';
import { type BioWalk, BioWalkList, BioWalkPool } from './bio-walk.ts';
import { type BlkRequest, dropFront, RequestList, RequestState } from './blk-request.ts';
import { BlockSight } from './block-sight.ts';
import { FlushMachine, flushStepsFor } from './flush-machine.ts';
import { HardwareQueue, type HardwareQueueEvents } from './hardware-queue.ts';
import { type IoScheduler, NoneScheduler, type SchedulerHost } from './io-scheduler.ts';
import { MergeKind, Merger } from './merge-rule.ts';
import { checkLimits } from './queue-limits.ts';
import { QueueStats } from './queue-stats.ts';
import { nextPartSectors, takePart } from './split-rule.ts';
import { DEFAULT_TIMEOUT_NS, TimeoutWatch } from './timeout-watch.ts';

/** A plug that holds this many requests is sent before the next is added. */
export const MAX_PLUGGED_REQUESTS = 32;

/** A plug whose newest request has this many bytes is sent before the next is added. */
export const PLUG_FLUSH_BYTES = 128 * 1024;

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
  readonly #walks = new BioWalkPool();
  /** Bios that end without having reached the driver, on a later turn. */
  readonly #ending = new BioWalkList();
  readonly #endTask: Task;
  readonly #requestNs: number;
  #busyUntilNs = 0;
  readonly #noMerges: number;
  #plugDepth = 0;
  readonly #plugged = new RequestList();
  #turn = 0;
  #quiesceDepth = 0;
  #freezeDepth = 0;
  /** Bios that came in while the queue was frozen. */
  readonly #frozen = new BioWalkList();
  #frozenCount = 0;
  #onFrozen: (() => void) | undefined = undefined;

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
    this.#requestNs = (options.costs ?? NO_COSTS).blockRequestNs;
    this.#merger = new Merger(ops.limits);
    this.#endTask = makeTask(owner, () => this.#endWaiting());
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
    const timeoutNs = options.timeoutNs ?? DEFAULT_TIMEOUT_NS;
    this.#watch = new TimeoutWatch(executor, ops, this.#queues, timeoutNs, owner);
  }

  /** Bios that have not ended. */
  get biosInFlight(): number {
    return this.#walks.inUse;
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
    return this.#queues.some((queue) => queue.waiting.head !== undefined);
  }

  /** Name of the scheduler. */
  get scheduler(): string {
    return this.#scheduler.name;
  }

  submitBio(bio: Bio): void {
    const walk = this.#walks.take();
    const flags = this.limits.writeCache
      ? bio.flags
      : bio.flags & ~(BioFlag.preflush | BioFlag.fua);
    walk.begin(bio, flags);
    if (this.#freezeDepth === 0) this.#enter(walk, bio);
    else if (walk.isNoWait) this.#giveUp(walk, BlkStatus.again);
    else {
      this.#frozen.push(walk);
      this.#frozenCount += 1;
    }
  }

  plug(): void {
    this.#plugDepth += 1;
  }

  unplug(): void {
    assert(this.#plugDepth > 0, 'unplug follows a plug');
    this.#plugDepth -= 1;
    if (this.#plugDepth === 0) this.#sendPlug(BlockAction.unplugged);
  }

  /** The submitter goes to sleep: what its plug holds is sent, first to last, on a later turn; the plug stays in place. */
  sleep(): void {
    this.#sendPlug(BlockAction.unplugTimer);
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
    this.#freezeDepth += 1;
    if (this.#freezeDepth > 1) return;
    this.#onFrozen = done;
    this.sleep();
    this.#checkFrozen();
  }

  /** The outermost call lets bios in again, those that waited first. */
  unfreeze(): void {
    assert(this.#freezeDepth > 0, 'unfreeze follows a freeze');
    this.#freezeDepth -= 1;
    while (this.#freezeDepth === 0 && this.#frozen.head !== undefined) {
      const walk = this.#frozen.shift()!;
      this.#frozenCount -= 1;
      this.#enter(walk, walk.bio!);
    }
  }

  #checkFrozen(): void {
    const done = this.#onFrozen;
    if (done === undefined || this.#walks.inUse > this.#frozenCount) return;
    this.#onFrozen = undefined;
    done();
  }

  #enter(walk: BioWalk, bio: Bio): void {
    walk.status = judgeBio(this.limits, this.capacitySectors, bio);
    if (bio.op === BioOp.flush) walk.flags |= BioFlag.preflush;
    // Without a cache there is nothing to flush.
    const isFlush = this.limits.writeCache && (walk.flags & BioFlag.preflush) !== 0;
    if (walk.status !== BlkStatus.ok || (bio.sectorCount === 0 && !isFlush)) {
      this.#endLater(walk);
      return;
    }
    this.#sight.bio(BlockAction.queued, bio, walk.flags, bio.sector, bio.sectorCount);
    const queue = this.#queues[this.#turn]!;
    this.#turn = this.#turn + 1 === this.#queues.length ? 0 : this.#turn + 1;
    if (queue.waiting.head === undefined) this.#take(queue, walk);
    else if (walk.isNoWait) this.#refuse(walk, bio);
    else queue.waiting.push(walk);
  }

  /** Takes parts of a bio until it has none left or must wait. */
  #take(queue: HardwareQueue, walk: BioWalk): void {
    while (!walk.isTaken && this.#takeNext(queue, walk));
  }

  /** Takes the next part; false when the bio waits for a tag. */
  #takeNext(queue: HardwareQueue, walk: BioWalk): boolean {
    const bio = walk.bio!;
    const left = bio.sectorCount - walk.sectorsTaken;
    const sectors = left === 0 ? 0 : nextPartSectors(this.limits, bio, walk);
    const isCut = sectors < left;
    if (isCut && (sectors === 0 || walk.isNoWait)) {
      if (sectors === 0) this.#giveUp(walk, BlkStatus.ioError);
      else this.#refuse(walk, bio);
      return true;
    }
    if (!isCut && !walk.isSlept && sectors > 0 && this.#merge(walk, bio, sectors)) return true;
    const limit = this.#scheduler.slotLimit(bio.op, walk.flags, queue.requests.length);
    let request = queue.take(limit);
    if (request === undefined && !walk.isNoWait && this.#plugged.count > 0) {
      // The plug must not hold the requests that a bio waits for.
      this.#sendPlug(BlockAction.unplugTimer);
      request = queue.take(limit);
    }
    if (request === undefined) {
      if (walk.isNoWait) {
        this.#refuse(walk, bio);
        return true;
      }
      // First in line: parts of it may be under way.
      queue.waiting.unshift(walk);
      walk.isSlept = true;
      return false;
    }
    walk.isSlept = false;
    this.#fill(request, walk, bio, sectors, isCut);
    walk.isTaken = !isCut;
    this.#send(queue, request);
    return true;
  }

  #fill(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number, isCut: boolean): void {
    request.ioId = bio.ioId;
    request.op = bio.op;
    request.sector = bio.sector + walk.sectorsTaken;
    request.sectorCount = sectors;
    request.memory = bio.memory;
    request.flags = isCut ? walk.flags | BioFlag.noMerge : walk.flags;
    request.status = BlkStatus.ok;
    request.result = 0;
    request.firstWalk = walk;
    request.lastWalk = walk;
    request.walkCount = 1;
    request.flushSteps = flushStepsFor(this.limits, walk.flags, sectors > 0);
    request.isFlush = request.flushSteps !== 0;
    request.isScheduled = false;
    if (request.flushSteps !== 0) {
      request.flags &= this.limits.fua ? ~BioFlag.preflush : ~(BioFlag.preflush | BioFlag.fua);
    }
    walk.partsInFlight += 1;
    takePart(this.limits, bio, walk, sectors, request.data);
    const rest = request.sector + sectors;
    if (isCut) this.#sight.request(BlockAction.split, request, walk.flags, rest);
    this.#sight.request(BlockAction.gotRequest, request, walk.flags);
    if (this.#requestNs === 0) return;
    this.#busyUntilNs = Math.max(this.#busyUntilNs, this.#executor.now) + this.#requestNs;
    request.readyNs = this.#busyUntilNs;
  }

  #send(queue: HardwareQueue, request: BlkRequest): void {
    if (request.flushSteps !== 0) {
      this.#flushMachines[queue.index]!.begin(request);
    } else if ((request.flags & BioFlag.fua) !== 0) {
      queue.dispatch(request);
    } else if (this.#plugDepth > 0) {
      this.#addToPlug(request);
    } else if (this.#scheduler.isDirect && !queue.isBusy) {
      queue.issue(request, true);
    } else {
      this.#insert(request);
      queue.runLater();
    }
  }

  #insert(request: BlkRequest): void {
    request.isScheduled = true;
    request.insertedNs = this.#executor.now;
    this.#scheduler.insert(request, false);
  }

  #addToPlug(request: BlkRequest): void {
    const plugged = this.#plugged;
    if (plugged.tail === undefined) {
      this.#sight.plug(BlockAction.plugged, request, 0);
    } else if (
      plugged.count >= MAX_PLUGGED_REQUESTS ||
      plugged.tail.sectorCount * SECTOR_BYTES >= PLUG_FLUSH_BYTES
    ) {
      this.#sendPlug(BlockAction.unplugged);
      this.#sight.plug(BlockAction.plugged, request, 0);
    }
    plugged.push(request);
  }

  /** Merges what is left of a bio into the newest request of the plug, or into one of the scheduler's. */
  #merge(walk: BioWalk, bio: Bio, sectors: number): boolean {
    if (this.#noMerges >= 2) return false;
    const newest = this.#plugged.tail;
    let kind: MergeKind = MergeKind.none;
    if (newest !== undefined) kind = this.#mergeBio(newest, walk, bio, sectors);
    if (kind === MergeKind.none) kind = this.#scheduler.mergeBio(walk, bio, sectors);
    return kind !== MergeKind.none;
  }

  #mergeBio(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const start = bio.sector + walk.sectorsTaken;
    const kind = this.#merger.tryMerge(request, walk, bio, sectors);
    if (kind === MergeKind.none) return kind;
    const action = kind === MergeKind.back ? BlockAction.backMerged : BlockAction.frontMerged;
    this.#sight.bio(action, bio, walk.flags, start, sectors);
    this.stats.of(bio.op).merges += 1;
    walk.partsInFlight += 1;
    walk.isTaken = true;
    return kind;
  }

  #mergeRequests(request: BlkRequest, next: BlkRequest): boolean {
    if (!this.#merger.tryMergeRequests(request, next)) return false;
    this.#sight.request(BlockAction.backMerged, next);
    this.stats.of(next.op).merges += 1;
    this.#queues[next.hardwareQueue]!.give(next);
    return true;
  }

  /** Sends what the plug holds: U as the submitter goes on, UT as it has to wait (first to last then, on a later turn). */
  #sendPlug(reason: BlockAction): void {
    const plugged = this.#plugged;
    if (reason === BlockAction.unplugged && this.#scheduler.isDirect) this.#issuePlug();
    if (plugged.head === undefined) return;
    this.#sight.plug(reason, plugged.head, plugged.count);
    for (let request = plugged.shift(); request !== undefined; request = plugged.shift()) {
      this.#insert(request);
    }
    for (const queue of this.#queues) {
      if (reason === BlockAction.unplugged) queue.run();
      else queue.runLater();
    }
  }

  /** Hands the plug to the driver, newest first, until the driver is full. */
  #issuePlug(): void {
    const plugged = this.#plugged;
    let isTaken = true;
    for (let request = plugged.pop(); request !== undefined && isTaken; ) {
      const next = plugged.tail;
      const isLast = next === undefined || next.hardwareQueue !== request.hardwareQueue;
      const queue = this.#queues[request.hardwareQueue]!;
      isTaken = queue.issue(request, isLast);
      if (!isTaken && !isLast) queue.commit();
      request = isTaken ? plugged.pop() : undefined;
    }
  }

  /** A bio that may not wait ends without a request: the event C. */
  #refuse(walk: BioWalk, bio: Bio): void {
    const { again } = BlkStatus;
    this.#sight.bio(BlockAction.completed, bio, walk.flags, bio.sector, bio.sectorCount, again);
    this.#giveUp(walk, again);
  }

  /** No more parts: what is in flight ends first. */
  #giveUp(walk: BioWalk, status: BlkStatus): void {
    if (walk.status === BlkStatus.ok) walk.status = status;
    walk.isTaken = true;
    if (walk.partsInFlight === 0) this.#endLater(walk);
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
      mergeBio: (request, walk, bio, sectors) => this.#mergeBio(request, walk, bio, sectors),
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
      this.#partEnded(walk, status);
      walk = next;
    }
    this.#partEnded(walk, status);
    while (queue.waiting.head !== undefined && queue.freeSlots > 0) {
      const first = queue.waiting.shift()!;
      this.#take(queue, first);
      if (queue.waiting.head === first) break;
    }
  }

  #partEnded(walk: BioWalk, status: BlkStatus): void {
    if (walk.status === BlkStatus.ok) walk.status = status;
    walk.partsInFlight -= 1;
    if (walk.isTaken && walk.partsInFlight === 0) this.#end(walk);
  }

  #endLater(walk: BioWalk): void {
    this.#ending.push(walk);
    this.#executor.post(this.#endTask);
  }

  #endWaiting(): void {
    // What comes in while these end gets a turn of its own.
    for (let walk = this.#ending.takeAll(); walk !== undefined; ) {
      const next: BioWalk | undefined = walk.next;
      this.#end(walk);
      walk = next;
    }
  }

  #end(walk: BioWalk): void {
    const bio = walk.bio!;
    bio.status = walk.status;
    this.#walks.give(walk);
    bio.end(bio);
    if (this.#onFrozen !== undefined) this.#checkFrozen();
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 65_536) {
    throw new ConfigError(name, value, 'an integer from 1 to 65536');
  }
}
