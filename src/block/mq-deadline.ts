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
import { type IoScheduler, type SchedulerHost, TICK_NS } from './io-scheduler.ts';
import { MergeKind } from './merge-rule.ts';
import { SortedRequests } from './sorted-requests.ts';

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
  readonly sorted = [new SortedRequests(), new SortedRequests()] as const;
  readonly fifo = [new RequestList(), new RequestList()] as const;
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
  #lastMerge: BlkRequest | undefined = undefined;
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
  }

  slotLimit(op: BioOp, _flags: number, slots: number): number {
    return op === BioOp.read ? slots : wordLimit(this.#asyncDepth, slots);
  }

  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const host = this.#host!;
    const last = this.#lastMerge;
    if (last !== undefined) {
      const kind = this.#mergeInto(last, walk, bio, sectors);
      if (kind !== MergeKind.none) return kind;
    }
    if (host.noMerges > 0) return MergeKind.none;
    const start = bio.sector + walk.sectorsTaken;
    const sorted = this.#classOf(walk.flags).sorted[directionOf(bio.op)]!;
    const before = sorted.endingAt(start);
    if (before !== undefined) {
      const kind = this.#mergeInto(before, walk, bio, sectors);
      if (kind !== MergeKind.none) return kind;
    }
    const after = this.#frontMerges ? sorted.startingAt(start + sectors) : undefined;
    return after === undefined ? MergeKind.none : this.#mergeInto(after, walk, bio, sectors);
  }

  insert(request: BlkRequest, atHead: boolean): void {
    const host = this.#host!;
    const each = this.#classOf(request.flags);
    const direction = directionOf(request.op);
    if (!atHead && this.#mergeInserted(request)) return;
    each.queued += 1;
    host.inserted(request);
    request.dueTick = this.#nowTick() + (atHead ? 0 : this.#expireTicks[direction]!);
    request.domain = atHead ? 1 : 0;
    if (atHead) {
      each.atHead.push(request);
      return;
    }
    each.sorted[direction]!.insert(request);
    each.fifo[direction]!.push(request);
    this.#lastMerge ??= request;
  }

  hasWork(): boolean {
    for (const { atHead, fifo } of this.#classes) {
      if (atHead.count + fifo[READ].count + fifo[WRITE].count > 0) return true;
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
    const next = each.sorted[direction]!.next(request);
    this.#remove(each, request);
    each.nextOf[direction] = next;
    return request;
  }

  #chooseDirection(each: DeadlineClass): number {
    const hasWrites = each.fifo[WRITE].count > 0;
    if (each.fifo[READ].count > 0) {
      if (!hasWrites) return READ;
      this.#starved += 1;
      if (this.#starved <= this.#writesStarved) return READ;
    } else if (!hasWrites) return -1;
    this.#starved = 0;
    return WRITE;
  }

  #batchStart(each: DeadlineClass, direction: number): BlkRequest {
    const oldest = each.fifo[direction as 0 | 1].head!;
    const next = each.nextOf[direction as 0 | 1];
    return next === undefined || this.#nowTick() >= oldest.dueTick ? oldest : next;
  }

  #startTick(request: BlkRequest): number {
    if (request.domain === 1) return request.dueTick;
    return request.dueTick - this.#expireTicks[directionOf(request.op)]!;
  }

  #remove(each: DeadlineClass, request: BlkRequest): void {
    const direction = directionOf(request.op);
    const sorted = each.sorted[direction];
    if (each.nextOf[direction] === request) each.nextOf[direction] = sorted.next(request);
    sorted.remove(request);
    each.fifo[direction].remove(request);
    if (this.#lastMerge === request) this.#lastMerge = undefined;
  }

  /** Merges a bio into a request, and that one into its neighbour when the gap between them closed. */
  #mergeInto(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const each = this.#classOf(request.flags);
    const sorted = each.sorted[directionOf(request.op)]!;
    const previous = sorted.previous(request);
    const next = sorted.next(request);
    const before = request.sector;
    const kind = this.#host!.mergeBio(request, walk, bio, sectors);
    if (kind === MergeKind.none) return kind;
    if (kind === MergeKind.back) {
      if (next === undefined || !this.#mergePair(request, next)) this.#lastMerge = request;
    } else if (previous === undefined || !this.#mergeMoved(previous, request, before)) {
      this.#moveFront(request, before);
      this.#lastMerge = request;
    }
    return kind;
  }

  #mergeMoved(previous: BlkRequest, request: BlkRequest, before: number): boolean {
    this.#moveFront(request, before);
    return this.#mergePair(previous, request);
  }

  /** A front merge changes the place of a request among the sorted. */
  #moveFront(request: BlkRequest, before: number): void {
    const sorted = this.#classOf(request.flags).sorted[directionOf(request.op)]!;
    const start = request.sector;
    if (start === before) return;
    request.sector = before;
    sorted.remove(request);
    request.sector = start;
    sorted.insert(request);
  }

  /** Merges `next` into `request`, which takes its time if that is earlier. */
  #mergePair(request: BlkRequest, next: BlkRequest): boolean {
    if (this.#host!.noMerges > 0) return false;
    const each = this.#classOf(next.flags);
    const direction = directionOf(next.op);
    const { dueTick } = next;
    const following = each.sorted[direction].next(next);
    if (!this.#host!.mergeRequests(request, next)) return false;
    if (each.nextOf[direction] === next) each.nextOf[direction] = following;
    each.sorted[direction].remove(next);
    const { fifo } = each;
    if (dueTick < request.dueTick) {
      // The pair stands where the older one stood.
      fifo[direction].remove(request);
      fifo[direction].insertBefore(next, request);
      request.dueTick = dueTick;
    }
    fifo[direction].remove(next);
    each.queued -= 1;
    this.#lastMerge = request;
    return true;
  }

  /** A request that continues one that waits becomes part of it; that one may then continue another. */
  #mergeInserted(request: BlkRequest): boolean {
    const host = this.#host!;
    if (host.noMerges >= 2) return false;
    if (this.#lastMerge !== undefined && host.mergeRequests(this.#lastMerge, request)) return true;
    if (host.noMerges > 0) return false;
    const sorted = this.#classOf(request.flags).sorted[directionOf(request.op)]!;
    const before = sorted.endingAt(request.sector);
    if (before === undefined || !host.mergeRequests(before, request)) return false;
    this.#lastMerge = before;
    for (let found = before; ; ) {
      const earlier = sorted.endingAt(found.sector);
      if (earlier === undefined || !this.#mergePair(earlier, found)) return true;
      found = earlier;
    }
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

/** Slots are counted by words of up to 64 bits: a limit is so many bits of each word, at least one. */
function wordLimit(depth: number, slots: number): number {
  if (depth >= slots) return slots;
  let shift = 6;
  while (shift > 0 && 4 << shift > slots) shift -= 1;
  const bits = Math.max(1, Math.ceil((depth << shift) / slots));
  const words = Math.ceil(slots / (1 << shift));
  return Math.min(slots, bits * words);
}
