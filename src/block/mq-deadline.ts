/**
 * The scheduler `mq-deadline`: batches in the order of sectors, and a time by which each request goes whatever its sector.
 *
 * Reads and writes of each priority class wait twice, sorted by sector and in the order of arrival. A batch is up to `fifoBatch` requests of
 * one direction in the order of sectors; then the direction is chosen anew: reads before writes, unless writes were passed over
 * `writesStarved` times; a batch starts where the last one of its direction stopped, or with the oldest request if that is past its time. A
 * higher priority class goes first, but a lower one that waited `prioAgingExpireMs` goes even so.
 *
 * Does not model: zone write locking (it waits in front of the scheduler).
 */
import { type Bio, BioOp, PriorityClass, priorityClassOf } from '../interfaces/bio.ts';
import type { BioWalk } from './bio-walk.ts';
import { type BlkRequest, RequestList } from './blk-request.ts';
import { ElevatorMerger, ElevatorQueue, type ElevatorQueues } from './elevator-queue.ts';
import { type IoScheduler, type SchedulerHost, TICK_NS, wordLimit } from './io-scheduler.ts';
import type { MergeKind } from './merge-rule.ts';

/** Parameters by their sysfs names (`queue/iosched/*`) in camel case; times in milliseconds. */
export interface MqDeadlineParameters {
  /** `read_expire`; 500 unless given. */
  readExpire?: number;
  /** `write_expire`; 5000 unless given. */
  writeExpire?: number;
  /** `writes_starved`; 2 unless given. */
  writesStarved?: number;
  /** `fifo_batch`; 16 unless given. */
  fifoBatch?: number;
  /** `front_merges`, 0 or 1; 1 unless given. */
  frontMerges?: number;
  /** `prio_aging_expire`; 10000 unless given. */
  prioAgingExpire?: number;
  /** `async_depth`: most requests that writes may hold; all unless given. */
  asyncDepth?: number;
}

const READ = 0;
const WRITE = 1;
const CLASSES = 3;
const TICK_MS = TICK_NS / 1_000_000;

/** What waits in one priority class. */
class DeadlineClass {
  readonly waiting = [new ElevatorQueue(), new ElevatorQueue()] as const;
  readonly atHead = new RequestList();
  /** Where the next batch of each direction starts. */
  readonly nextOf: [BlkRequest | undefined, BlkRequest | undefined] = [undefined, undefined];
  /** Inserted and not ended. */
  queued = 0;
}

/** See the file header. */
export class MqDeadlineScheduler implements IoScheduler {
  readonly name = 'mq-deadline';
  readonly isDirect = false;
  readonly #expireTicks: readonly [number, number];
  readonly #writesStarved: number;
  readonly #fifoBatch: number;
  readonly #frontMerges: boolean;
  readonly #agingTicks: number;
  readonly #asyncDepth: number;
  readonly #classes = [new DeadlineClass(), new DeadlineClass(), new DeadlineClass()] as const;
  #host: SchedulerHost | undefined = undefined;
  #merger: ElevatorMerger | undefined = undefined;
  #lastDirection = WRITE;
  #batching = 0;
  #starved = 0;

  constructor(parameters: MqDeadlineParameters = {}) {
    this.#expireTicks = [
      ticks(parameters.readExpire ?? 500),
      ticks(parameters.writeExpire ?? 5000),
    ];
    this.#writesStarved = parameters.writesStarved ?? 2;
    this.#fifoBatch = parameters.fifoBatch ?? 16;
    this.#frontMerges = (parameters.frontMerges ?? 1) !== 0;
    this.#agingTicks = ticks(parameters.prioAgingExpire ?? 10_000);
    this.#asyncDepth = parameters.asyncDepth ?? 65_536;
  }

  attach(host: SchedulerHost): void {
    this.#host = host;
    const queues: ElevatorQueues = {
      queueOf: (op, flags) => this.#classOf(flags).waiting[directionOf(op)],
      mergedAway: (request, following) => {
        const each = this.#classOf(request.flags);
        const direction = directionOf(request.op);
        if (each.nextOf[direction] === request) each.nextOf[direction] = following;
        each.queued -= 1;
      },
    };
    this.#merger = new ElevatorMerger(host, queues, this.#frontMerges);
  }

  slotLimit(op: BioOp, _flags: number, slots: number): number {
    return op === BioOp.read ? slots : wordLimit(this.#asyncDepth, slots);
  }

  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    return this.#merger!.mergeBio(walk, bio, sectors);
  }

  insert(request: BlkRequest, atHead: boolean): void {
    if (!atHead && this.#merger!.mergeRequest(request)) return;
    const each = this.#classOf(request.flags);
    const direction = directionOf(request.op);
    each.queued += 1;
    this.#host!.inserted(request);
    request.dueTick = this.#nowTick() + (atHead ? 0 : this.#expireTicks[direction]!);
    request.domain = atHead ? 1 : 0;
    if (atHead) {
      each.atHead.push(request);
      return;
    }
    each.waiting[direction].add(request);
    this.#merger!.inserted(request);
  }

  hasWork(): boolean {
    for (const { atHead, waiting } of this.#classes) {
      if (atHead.count + waiting[READ].fifo.count + waiting[WRITE].fifo.count > 0) return true;
    }
    return false;
  }

  dispatch(): BlkRequest | undefined {
    const now = this.#nowTick();
    const aged = this.#dispatchAged(now);
    if (aged !== undefined) return aged;
    for (const each of this.#classes) {
      const request = this.#dispatchFrom(each, now);
      if (request !== undefined || each.queued > 0) return request;
    }
    return undefined;
  }

  ended(request: BlkRequest): void {
    this.#classOf(request.flags).queued -= 1;
  }

  #dispatchAged(now: number): BlkRequest | undefined {
    let busy = 0;
    for (const each of this.#classes) if (each.queued > 0) busy += 1;
    if (busy < 2) return undefined;
    for (let i = 1; i < CLASSES; i++) {
      const request = this.#dispatchFrom(this.#classes[i]!, now - this.#agingTicks);
      if (request !== undefined) return request;
    }
    return undefined;
  }

  /** The next request of a class, unless it came in after `latestStart`; the choice of batch and direction stands even then. */
  #dispatchFrom(each: DeadlineClass, latestStart: number): BlkRequest | undefined {
    const first = each.atHead.head;
    if (first !== undefined) {
      if (this.#startTick(first) > latestStart) return undefined;
      return each.atHead.shift();
    }
    let request = each.nextOf[this.#lastDirection as 0 | 1];
    if (request === undefined || this.#batching >= this.#fifoBatch) {
      const direction = this.#chooseDirection(each);
      if (direction < 0) return undefined;
      request = this.#batchStart(each, direction);
      this.#lastDirection = direction;
      this.#batching = 0;
    }
    if (this.#startTick(request) > latestStart) return undefined;
    this.#batching += 1;
    const direction = directionOf(request.op);
    const next = each.waiting[direction].sorted.next(request);
    this.#remove(each, request);
    each.nextOf[direction] = next;
    return request;
  }

  #chooseDirection(each: DeadlineClass): number {
    const hasWrites = each.waiting[WRITE].fifo.count > 0;
    if (each.waiting[READ].fifo.count > 0) {
      if (!hasWrites) return READ;
      this.#starved += 1;
      if (this.#starved <= this.#writesStarved) return READ;
    } else if (!hasWrites) return -1;
    this.#starved = 0;
    return WRITE;
  }

  #batchStart(each: DeadlineClass, direction: number): BlkRequest {
    const oldest = each.waiting[direction as 0 | 1].fifo.head!;
    const next = each.nextOf[direction as 0 | 1];
    return next === undefined || this.#nowTick() >= oldest.dueTick ? oldest : next;
  }

  #startTick(request: BlkRequest): number {
    if (request.domain === 1) return request.dueTick;
    return request.dueTick - this.#expireTicks[directionOf(request.op)]!;
  }

  #remove(each: DeadlineClass, request: BlkRequest): void {
    const direction = directionOf(request.op);
    const { sorted } = each.waiting[direction];
    if (each.nextOf[direction] === request) each.nextOf[direction] = sorted.next(request);
    each.waiting[direction].remove(request);
    this.#merger!.removed(request);
  }

  #classOf(flags: number): DeadlineClass {
    const priority = priorityClassOf(flags);
    if (priority === PriorityClass.realTime) return this.#classes[0];
    return priority === PriorityClass.idle ? this.#classes[2] : this.#classes[1];
  }

  #nowTick(): number {
    return Math.floor(this.#host!.executor.now / TICK_NS);
  }
}

function directionOf(op: BioOp): 0 | 1 {
  return op === BioOp.read ? READ : WRITE;
}

function ticks(milliseconds: number): number {
  return Math.ceil(milliseconds / TICK_MS);
}
