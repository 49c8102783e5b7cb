/** Asks the driver about requests that take too long: one timer for a whole queue. */
import { type BlkMqOps, TimeoutVerdict } from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import { type BlkRequest, RequestState } from './blk-request.ts';
import type { HardwareQueue } from './hardware-queue.ts';

/** The time that a request has unless the queue says otherwise: 30 s. */
export const DEFAULT_TIMEOUT_NS = 30_000_000_000;

/** A background timer at the earliest deadline; it does not keep the world from being idle. */
export class TimeoutWatch {
  readonly #executor: Executor;
  readonly #ops: BlkMqOps;
  readonly #queues: readonly HardwareQueue[];
  readonly #timeoutNs: number;
  readonly #task: Task;

  constructor(
    executor: Executor,
    ops: BlkMqOps,
    queues: readonly HardwareQueue[],
    timeoutNs: number,
    owner: string,
  ) {
    this.#executor = executor;
    this.#ops = ops;
    this.#queues = queues;
    this.#timeoutNs = timeoutNs;
    this.#task = makeTask(owner, () => this.#check(), true);
  }

  /** The driver took a request. */
  started(request: BlkRequest): void {
    request.startedNs = this.#executor.now;
    request.deadlineNs = request.startedNs + this.#timeoutNs;
    // A timer that is set already falls due no later: all requests have the same time.
    if (this.#task.slot === -1) this.#executor.schedule(this.#task, request.deadlineNs);
  }

  #check(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const queue of this.#queues) {
      for (const request of queue.requests) next = Math.min(next, this.#judge(request));
      next = Math.min(next, this.#judge(queue.flush));
    }
    if (next !== Number.POSITIVE_INFINITY) this.#executor.schedule(this.#task, next);
  }

  /** When to look at this request again. */
  #judge(request: BlkRequest): number {
    if (request.state !== RequestState.inDriver) return Number.POSITIVE_INFINITY;
    if (request.deadlineNs > this.#executor.now) return request.deadlineNs;
    // The driver may end it here, and its slot may be in the driver again before the answer is.
    request.deadlineNs = Number.POSITIVE_INFINITY;
    if (this.#ops.timeout(request) === TimeoutVerdict.resetTimer) {
      request.deadlineNs = this.#executor.now + this.#timeoutNs;
    }
    return request.deadlineNs;
  }
}
