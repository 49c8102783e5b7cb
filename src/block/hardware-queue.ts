/**
 * One hardware queue of blk-mq: its slots and tags, the bios that wait for one, and the way of requests to the driver.
 *
 * Without a scheduler a slot is the driver's tag. With one there are more slots than tags: a request takes its tag on the way to the driver,
 * and the one that finds none waits at the head of the dispatch list, so that the scheduler decides one request ahead of the hardware.
 */
import { assert } from '../base/assert.ts';
import { IdPool } from '../base/id-pool.ts';
import { type BlkMqOps, QueueRqResult } from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { makeTask } from '../sim/task.ts';
import { BioWalkList } from './bio-walk.ts';
import { BlkRequest, RequestList, RequestState } from './blk-request.ts';
import type { IoScheduler } from './io-scheduler.ts';

/** After how long the driver is tried again when it wants something global, and a scheduler that has work but gives none: 3 ms. */
export const RESOURCE_DELAY_NS = 3_000_000;

/** What a hardware queue tells the request queue that it belongs to. */
export interface HardwareQueueEvents {
  /** The driver took a request. */
  issued(request: BlkRequest): void;
  /** The driver pushed a request back. */
  refused(request: BlkRequest): void;
  /** The driver ended a request. */
  ended(request: BlkRequest): void;
  /** Bios that wait for a slot may try again. */
  woken(queue: HardwareQueue): void;
  /** The driver gave a request back after it took it. */
  requeued(request: BlkRequest, sectorsDone: number): void;
  /** Requests that are in the driver, on all hardware queues. */
  readonly inDriver: number;
  /** Nothing goes to the driver now. */
  readonly isQuiesced: boolean;
}

/** Slots, tags, waiters and dispatch of one hardware queue. */
export class HardwareQueue {
  readonly index: number;
  /** One request for each slot. */
  readonly requests: readonly BlkRequest[];
  /** The request that carries flushes; it borrows a slot. */
  readonly flush: BlkRequest;
  /** Bios that wait for a slot: those that may hold any number, and those that may hold only so many. */
  readonly lines: readonly [BioWalkList, BioWalkList] = [new BioWalkList(), new BioWalkList()];
  readonly #executor: Executor;
  readonly #ops: BlkMqOps;
  readonly #scheduler: IoScheduler;
  readonly #events: HardwareQueueEvents;
  readonly #slots: IdPool;
  /** The driver's tags, when they are not the slots. */
  readonly #tags: IdPool | undefined;
  /** Flushes, steps of the flush machine, and what the driver pushed back: these go before the scheduler's. */
  readonly #dispatch = new RequestList();
  /** Requests that come back, on a later turn. */
  readonly #requeued = new RequestList();
  readonly #task: Task;
  readonly #asyncTask: Task;
  readonly #wakeTask: Task;
  readonly #askTask: Task;
  #limitedCount = 0;
  #blocked: QueueRqResult = QueueRqResult.ok;
  #isRunning = false;
  /** How busy the driver was of late, 0 for not at all; see {@link isBusy}. */
  #busy = 0;

  constructor(
    executor: Executor,
    ops: BlkMqOps,
    index: number,
    memory: GuestMemory,
    scheduler: IoScheduler,
    events: HardwareQueueEvents,
    owner: string,
    slots: number,
  ) {
    const end = (request: BlkRequest): void => events.ended(request);
    const back = (request: BlkRequest, done: number): void => events.requeued(request, done);
    this.index = index;
    this.requests = Array.from(
      { length: slots },
      (_, slot) => new BlkRequest(index, slot, memory, end, back),
    );
    this.flush = new BlkRequest(index, 0, memory, end, back);
    this.#executor = executor;
    this.#ops = ops;
    this.#scheduler = scheduler;
    this.#events = events;
    this.#slots = new IdPool(slots);
    if (!scheduler.isDirect) {
      this.#tags = new IdPool(ops.queueDepth);
      for (const request of [...this.requests, this.flush]) request.tag = -1;
    }
    this.#task = makeTask(owner, () => {
      this.#blocked = QueueRqResult.ok;
      this.run();
    });
    this.#askTask = makeTask(owner, () => this.run(), true);
    this.#wakeTask = makeTask(owner, () => events.woken(this));
    this.#asyncTask = makeTask(owner, () => {
      this.#insertRequeued();
      this.run();
    });
  }

  /** Slots that nobody holds. */
  get freeSlots(): number {
    return this.#slots.freeCount;
  }

  /** Tags that the driver may hold now. */
  get tagsInUse(): number {
    return this.#tags === undefined
      ? this.requests.length - this.#slots.freeCount
      : this.#ops.queueDepth - this.#tags.freeCount;
  }

  /** The driver was full of late: requests do better to wait together. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** The line in which a bio waits that may hold `limit` slots. */
  lineOf(limit: number): BioWalkList {
    return this.lines[limit < this.requests.length ? 1 : 0];
  }

  /** A bio waits for a slot. */
  get isCongested(): boolean {
    return this.lines[0].head !== undefined || this.lines[1].head !== undefined;
  }

  /** Lets bios that wait for a slot try again, on a later turn, as a sleeper wakes. */
  wakeLater(): void {
    if (this.isCongested) this.#executor.post(this.#wakeTask);
  }

  /** Takes a slot with its request, empty; `undefined` when none is free, or those with a limit hold `limit` already. */
  take(limit: number): BlkRequest | undefined {
    const isLimited = limit < this.requests.length;
    if (isLimited && this.#limitedCount >= limit) return undefined;
    const slot = this.#slots.take();
    if (slot < 0) return undefined;
    const request = this.requests[slot]!;
    request.isLimited = isLimited;
    if (isLimited) this.#limitedCount += 1;
    request.state = RequestState.queued;
    request.data.clear();
    return request;
  }

  /** Gives the slot of a request back. */
  give(request: BlkRequest): void {
    assert(request.state === RequestState.queued, 'a request that nobody has gives back its slot');
    request.state = RequestState.free;
    request.firstWalk = undefined;
    request.lastWalk = undefined;
    if (request.isLimited) this.#limitedCount -= 1;
    this.#slots.give(request.slot);
  }

  /** Gives a request to the scheduler. */
  insert(request: BlkRequest): void {
    request.isScheduled = true;
    request.insertedNs = this.#executor.now;
    this.#scheduler.insert(request, false);
  }

  /** Puts a request before those of the scheduler and sends what can be sent. */
  dispatch(request: BlkRequest): void {
    this.#dispatch.push(request);
    this.run();
  }

  /** Takes a request that comes back, or a step of the flush machine: it is inserted on a later turn. */
  requeue(request: BlkRequest): void {
    this.#requeued.push(request);
    this.runLater();
  }

  /** The driver let go of a request: its tag, where it is not the slot, is free. */
  release(request: BlkRequest): void {
    if (this.#tags === undefined || request.tag < 0) return;
    this.#tags.give(request.tag);
    request.tag = -1;
  }

  /** A request ended: what the driver refused for want of it, or found no tag, is tried again. */
  restart(): void {
    if (this.#blocked === QueueRqResult.deviceResource) {
      this.#executor.cancel(this.#task);
      this.#blocked = QueueRqResult.ok;
      this.run();
    } else if (this.#tags !== undefined) this.runLater();
  }

  /** Runs on a later turn. */
  runLater(): void {
    this.#executor.post(this.#asyncTask);
  }

  /** Hands a request straight to the driver when nothing stands before it; false, and it waits at the head, when the driver is full. */
  issue(request: BlkRequest, last: boolean): boolean {
    if (
      this.#isRunning ||
      this.#blocked !== QueueRqResult.ok ||
      this.#events.isQuiesced ||
      this.#dispatch.count > 0 ||
      request.readyNs > this.#executor.now
    ) {
      this.#dispatch.push(request);
      this.run();
      return false;
    }
    this.#isRunning = true;
    const isTaken = this.#hand(request, last);
    this.#isRunning = false;
    if (!isTaken) this.#dispatch.unshift(request);
    return isTaken;
  }

  /** Rings the doorbell for requests that were issued as not the last. */
  commit(): void {
    this.#ops.commitRqs(this.index);
  }

  /** Hands requests to the driver until there is none, or the driver is full. */
  run(): void {
    if (this.#isRunning || this.#blocked !== QueueRqResult.ok || this.#events.isQuiesced) return;
    this.#isRunning = true;
    let hasUncommitted = false;
    let request = this.#next();
    while (request !== undefined) {
      const next = this.#next();
      if (!this.#hand(request, next === undefined)) {
        if (next !== undefined) this.#putBack(next);
        this.#putBack(request);
        break;
      }
      hasUncommitted = next !== undefined;
      request = next;
    }
    if (hasUncommitted) this.#ops.commitRqs(this.index);
    this.#isRunning = false;
  }

  /** The next request that may go, with its tag. */
  #next(): BlkRequest | undefined {
    const request = this.#dispatch.shift() ?? this.#choose();
    if (request === undefined) return undefined;
    if (request.readyNs > this.#executor.now) {
      this.#dispatch.unshift(request);
      this.#executor.schedule(this.#task, request.readyNs);
      return undefined;
    }
    if (this.#tags === undefined || request.tag >= 0) return request;
    request.tag = this.#tags.take();
    if (request.tag >= 0) return request;
    this.#dispatch.unshift(request);
    this.#note(true);
    return undefined;
  }

  /** What the scheduler chooses; one that has work but gives none is asked again after a while. */
  #choose(): BlkRequest | undefined {
    if (!this.#scheduler.hasWork(this.index)) return undefined;
    const request = this.#scheduler.dispatch(this.index);
    if (request === undefined) {
      this.#executor.schedule(this.#askTask, this.#executor.now + RESOURCE_DELAY_NS);
    }
    return request;
  }

  #hand(request: BlkRequest, last: boolean): boolean {
    const result = this.#ops.queueRq(this.index, request, last);
    if (result === QueueRqResult.ok) {
      request.state = RequestState.inDriver;
      this.#events.issued(request);
      if (this.#busy !== 0) this.#note(false);
      return true;
    }
    this.#note(true);
    this.#blocked = result;
    this.#events.refused(request);
    // With nothing in the driver nothing will end: then only time can help.
    if (result !== QueueRqResult.deviceResource || this.#events.inDriver === 0) {
      this.#executor.schedule(this.#task, this.#executor.now + RESOURCE_DELAY_NS);
    }
    return false;
  }

  #putBack(request: BlkRequest): void {
    this.release(request);
    this.#dispatch.unshift(request);
  }

  /** A moving average of refusals: one counts for three successes. */
  #note(isFull: boolean): void {
    this.#busy = (this.#busy * 7 + (isFull ? 16 : 0)) >> 3;
  }

  #insertRequeued(): void {
    let request = this.#requeued.shift();
    while (request !== undefined) {
      if (request.isScheduled) this.#scheduler.insert(request, true);
      else this.#dispatch.unshift(request);
      request = this.#requeued.shift();
    }
  }
}
