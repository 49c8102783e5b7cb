/**
 * The block layer of one device: bios in, requests to a blk-mq driver out.
 *
 * A bio is checked, cut by the limits of the queue, and each part gets a tag with its request. Reads and writes go to the driver at once,
 * or wait in the plug, where a bio that continues the newest request is merged into it. What needs a flush passes through the flush
 * machine. Bios that find no tag wait in line; a bio ends when its last part does, with the first error of any part.
 *
 * Trace events are those of blktrace (Q X G M F P U UT R D C), as `block-sight.ts` has them. As in the real one, a plug that direct
 * issue takes newest first leaves no U.
 *
 * Does not model: CPUs (bios go to the hardware queues in turn), scheduler tags, requeue by the driver after it took a request, freezing.
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
import { type BioWalk, BioWalkList, BioWalkPool } from './bio-walk.ts';
import { type BlkRequest, RequestList, RequestState } from './blk-request.ts';
import { BlockSight } from './block-sight.ts';
import { FlushMachine, flushStepsFor } from './flush-machine.ts';
import { HardwareQueue, type HardwareQueueEvents } from './hardware-queue.ts';
import { type IoScheduler, NoneScheduler } from './io-scheduler.ts';
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
  #plugDepth = 0;
  #plugged = new RequestList();
  #turn = 0;

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
    this.#scheduler = options.scheduler ?? new NoneScheduler(ops.hardwareQueueCount);
    this.#requestNs = (options.costs ?? NO_COSTS).blockRequestNs;
    this.#merger = new Merger(ops.limits);
    this.#endTask = makeTask(owner, () => this.#endWaiting());
    const events = this.#events();
    this.#queues = Array.from(
      { length: ops.hardwareQueueCount },
      (_, index) => new HardwareQueue(executor, ops, index, memory, this.#scheduler, events, owner),
    );
    this.#flushMachines = this.#queues.map(
      (queue) =>
        new FlushMachine(
          executor,
          queue.flush,
          (request) => queue.dispatch(request),
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

  /** Tags that are held, over all hardware queues. */
  get tagsInUse(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.requests.length - queue.freeTags, 0);
  }

  submitBio(bio: Bio): void {
    const walk = this.#walks.take();
    const flags = this.limits.writeCache
      ? bio.flags
      : bio.flags & ~(BioFlag.preflush | BioFlag.fua);
    walk.begin(bio, flags);
    walk.status = this.#judge(bio);
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
    else if (walk.isNoWait) this.#giveUp(walk, BlkStatus.again);
    else queue.waiting.push(walk);
  }

  plug(): void {
    this.#plugDepth += 1;
  }

  unplug(): void {
    assert(this.#plugDepth > 0, 'unplug follows a plug');
    this.#plugDepth -= 1;
    if (this.#plugDepth === 0) this.#sendPlug(BlockAction.unplugged);
  }

  #judge(bio: Bio): BlkStatus {
    const { op, sector, sectorCount } = bio;
    if (op === BioOp.driverIn || op === BioOp.driverOut) return BlkStatus.notSupported;
    if (op === BioOp.discard && this.limits.maxDiscardSectors === 0) return BlkStatus.notSupported;
    if (op === BioOp.writeZeroes && this.limits.maxWriteZeroesSectors === 0) {
      return BlkStatus.notSupported;
    }
    if (sectorCount === 0) {
      const isFlush = (bio.flags & (BioFlag.preflush | BioFlag.fua)) !== 0;
      const isEmptyFlush = op === BioOp.flush || (op === BioOp.write && isFlush);
      return isEmptyFlush ? BlkStatus.ok : BlkStatus.ioError;
    }
    if (op === BioOp.flush) return BlkStatus.ioError;
    const block = this.limits.logicalBlockSize / SECTOR_BYTES;
    const isInside = sector >= 0 && sectorCount > 0 && sector + sectorCount <= this.capacitySectors;
    if (!isInside || sector % block !== 0 || sectorCount % block !== 0) return BlkStatus.ioError;
    const hasData = op === BioOp.read || op === BioOp.write;
    return hasData && bio.data.byteLength !== sectorCount * SECTOR_BYTES
      ? BlkStatus.ioError
      : BlkStatus.ok;
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
      this.#giveUp(walk, sectors === 0 ? BlkStatus.ioError : BlkStatus.again);
      return true;
    }
    if (!isCut && this.#mergePlugged(walk, bio, sectors)) return true;
    let request = queue.take();
    if (request === undefined && this.#plugged.count > 0) {
      // The plug must not hold the tags that a bio waits for.
      this.#sendPlug(BlockAction.unplugTimer);
      request = queue.take();
    }
    if (request === undefined) {
      if (walk.isNoWait) this.#giveUp(walk, BlkStatus.again);
      // First in line: parts of it may be under way.
      else queue.waiting.unshift(walk);
      return false;
    }
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
    request.isScheduled = request.flushSteps === 0;
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
    } else if (this.#plugDepth > 0) {
      this.#addToPlug(request);
    } else {
      this.#scheduler.insert(request);
      queue.run();
    }
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

  #mergePlugged(walk: BioWalk, bio: Bio, sectors: number): boolean {
    const newest = this.#plugged.tail;
    if (newest === undefined) return false;
    const start = bio.sector + walk.sectorsTaken;
    const kind = this.#merger.tryMerge(newest, walk, bio, sectors);
    if (kind === MergeKind.none) return false;
    const action = kind === MergeKind.back ? BlockAction.backMerged : BlockAction.frontMerged;
    this.#sight.bio(action, bio, walk.flags, start, sectors);
    this.stats.of(bio.op).merges += 1;
    walk.partsInFlight += 1;
    walk.isTaken = true;
    return true;
  }

  /** Sends what the plug holds: U as the submitter goes on, UT as it has to wait (first to last then, whatever the scheduler likes). */
  #sendPlug(reason: BlockAction): void {
    const plugged = this.#plugged;
    if (plugged.head === undefined) return;
    const goesOn = reason === BlockAction.unplugged;
    if (goesOn && this.#scheduler.plugOrder === 'last-first') plugged.reverse();
    else this.#sight.plug(reason, plugged.head, plugged.count);
    for (let request = plugged.shift(); request !== undefined; request = plugged.shift()) {
      this.#scheduler.insert(request);
    }
    for (const queue of this.#queues) queue.run();
  }

  /** No more parts: what is in flight ends first. */
  #giveUp(walk: BioWalk, status: BlkStatus): void {
    if (walk.status === BlkStatus.ok) walk.status = status;
    walk.isTaken = true;
    if (walk.partsInFlight === 0) this.#endLater(walk);
  }

  #events(): HardwareQueueEvents {
    const { stats } = this;
    return {
      issued: (request) => {
        stats.started(this.#executor.now);
        this.#watch.started(request);
        this.#sight.request(BlockAction.issued, request);
      },
      refused: (request) => this.#sight.request(BlockAction.requeued, request),
      ended: (request) => this.#ended(request),
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

  /** A request has nothing left to do: its tag is free, its bios may end, those that wait go on. */
  #finish(request: BlkRequest): void {
    const queue = this.#queues[request.hardwareQueue]!;
    const { status, walkCount } = request;
    let walk = request.firstWalk!;
    if (request.isScheduled) this.#scheduler.ended(request);
    queue.give(request);
    for (let i = 1; i < walkCount; i++) {
      const next = walk.nextInRequest!;
      this.#partEnded(walk, status);
      walk = next;
    }
    this.#partEnded(walk, status);
    while (queue.waiting.head !== undefined && queue.freeTags > 0) {
      this.#take(queue, queue.waiting.shift()!);
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
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 65_536) {
    throw new ConfigError(name, value, 'an integer from 1 to 65536');
  }
}
