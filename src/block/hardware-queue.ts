/** One hardware queue of blk-mq: its tags, the bios that wait for a tag, and the way of requests to the driver. */
import { assert } from '../base/assert.ts';
import { IdPool } from '../base/id-pool.ts';
import { type BlkMqOps, QueueRqResult } from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { makeTask } from '../sim/task.ts';
import { BioWalkList } from './bio-walk.ts';
import { BlkRequest, RequestList, RequestState } from './blk-request.ts';
import type { IoScheduler } from './io-scheduler.ts';

/** After how long a request is tried again that the driver refused for want of something global: 3 ms. */
export const RESOURCE_DELAY_NS = 3_000_000;

/** What a hardware queue tells the request queue that it belongs to. */
export interface HardwareQueueEvents {
  /** The driver took a request. */
  issued(request: BlkRequest): void;
  /** The driver pushed a request back. */
  refused(request: BlkRequest): void;
  /** The driver ended a request. */
  ended(request: BlkRequest): void;
  /** Requests that are in the driver, on all hardware queues. */
  readonly inDriver: number;
}

/** Tags, waiters and dispatch of one hardware queue. */
export class HardwareQueue {
  readonly index: number;
  /** One request for each tag. */
  readonly requests: readonly BlkRequest[];
  /** The request that carries flushes; it borrows a tag. */
  readonly flush: BlkRequest;
  /** Bios that wait for a tag. */
  readonly waiting = new BioWalkList();
  readonly #executor: Executor;
  readonly #ops: BlkMqOps;
  readonly #scheduler: IoScheduler;
  readonly #events: HardwareQueueEvents;
  readonly #tags: IdPool;
  /** Flushes, steps of the flush machine, and what the driver pushed back: these go before the scheduler's. */
  readonly #dispatch = new RequestList();
  readonly #task: Task;
  #blocked: QueueRqResult = QueueRqResult.ok;
  #isRunning = false;

  constructor(
    executor: Executor,
    ops: BlkMqOps,
    index: number,
    memory: GuestMemory,
    scheduler: IoScheduler,
    events: HardwareQueueEvents,
    owner: string,
  ) {
    const end = (request: BlkRequest): void => events.ended(request);
    this.index = index;
    this.requests = Array.from(
      { length: ops.queueDepth },
      (_, tag) => new BlkRequest(index, tag, memory, end),
    );
    this.flush = new BlkRequest(index, 0, memory, end);
    this.#executor = executor;
    this.#ops = ops;
    this.#scheduler = scheduler;
    this.#events = events;
    this.#tags = new IdPool(ops.queueDepth);
    this.#task = makeTask(owner, () => {
      this.#blocked = QueueRqResult.ok;
      this.run();
    });
  }

  /** Tags that nobody holds. */
  get freeTags(): number {
    return this.#tags.freeCount;
  }

  /** Takes a tag with its request, empty; `undefined` when none is free. */
  take(): BlkRequest | undefined {
    const tag = this.#tags.take();
    if (tag < 0) return undefined;
    const request = this.requests[tag]!;
    request.state = RequestState.queued;
    request.data.clear();
    return request;
  }

  /** Gives the tag of a request back. */
  give(request: BlkRequest): void {
    assert(request.state === RequestState.queued, 'a request that nobody has gives back its tag');
    request.state = RequestState.free;
    request.firstWalk = undefined;
    request.lastWalk = undefined;
    this.#tags.give(request.tag);
  }

  /** Puts a request before those of the scheduler and sends what can be sent. */
  dispatch(request: BlkRequest): void {
    this.#dispatch.push(request);
    this.run();
  }

  /** A request of this device ended: what the driver refused for want of it is tried again. */
  restart(): void {
    if (this.#blocked !== QueueRqResult.deviceResource) return;
    this.#executor.cancel(this.#task);
    this.#blocked = QueueRqResult.ok;
    this.run();
  }

  /** Hands requests to the driver until there is none, or the driver is full. */
  run(): void {
    if (this.#isRunning || this.#blocked !== QueueRqResult.ok) return;
    this.#isRunning = true;
    let hasUncommitted = false;
    let request = this.#next();
    while (request !== undefined) {
      const next = this.#next();
      const result = this.#ops.queueRq(this.index, request, next === undefined);
      if (result !== QueueRqResult.ok) {
        this.#pushBack(request, next, result);
        break;
      }
      request.state = RequestState.inDriver;
      this.#events.issued(request);
      hasUncommitted = next !== undefined;
      request = next;
    }
    if (hasUncommitted) this.#ops.commitRqs(this.index);
    this.#isRunning = false;
  }

  #next(): BlkRequest | undefined {
    const request = this.#dispatch.shift() ?? this.#scheduler.dispatch(this.index);
    if (request === undefined || request.readyNs <= this.#executor.now) return request;
    this.#dispatch.unshift(request);
    this.#executor.schedule(this.#task, request.readyNs);
    return undefined;
  }

  #pushBack(request: BlkRequest, next: BlkRequest | undefined, result: QueueRqResult): void {
    if (next !== undefined) this.#dispatch.unshift(next);
    this.#dispatch.unshift(request);
    this.#blocked = result;
    this.#events.refused(request);
    // With nothing in the driver nothing will end: then only time can help.
    if (result === QueueRqResult.deviceResource && this.#events.inDriver > 0) return;
    this.#executor.schedule(this.#task, this.#executor.now + RESOURCE_DELAY_NS);
  }
}
