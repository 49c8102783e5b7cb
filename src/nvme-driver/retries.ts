/** Requests that are sent again, at once or after the delay that the controller asked for. NVMe Base 2.0, 3.3.3.2. */
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import { Disposition, dispositionOf, retryDelayOf } from './disposition.ts';
import { type QueuePair, SlotMark, SlotState } from './queue-pair.ts';

/** What retries need of the driver. */
export interface RetryHost {
  /** All queue pairs. */
  readonly pairs: readonly QueuePair[];
  /** Commands can be sent. */
  readonly isLive: boolean;
  /** Sends the parked slot `cid`; the doorbell follows. */
  send(pair: QueuePair, cid: number): void;
  /** Rings for what was sent. */
  commit(pair: QueuePair): void;
}

/** Keeps requests in their slots until their next try. */
export class Retries {
  /** Commands that were sent again. */
  count = 0;
  /** By CRD of the status. */
  delaysNs: readonly number[] = [0];
  readonly #executor: Executor;
  readonly #host: RetryHost;
  readonly #hasOtherPath: boolean;
  readonly #task: Task;

  constructor(executor: Executor, host: RetryHost, hasOtherPath: boolean, owner: string) {
    this.#executor = executor;
    this.#host = host;
    this.#hasOtherPath = hasOtherPath;
    this.#task = makeTask(owner, () => this.#run());
  }

  /** The command of slot `cid` ended with `status`: true when it keeps its slot for another try. */
  keep(pair: QueuePair, cid: number, status: number): boolean {
    const mayRetry =
      pair.requests[cid]!.raw === undefined && (pair.marks[cid]! & SlotMark.noRetry) === 0;
    const tries = pair.tries[cid]!;
    const disposition = dispositionOf(status, tries, mayRetry, this.#hasOtherPath);
    if (disposition !== Disposition.retry) return false;
    const dueNs = this.#executor.now + (this.delaysNs[retryDelayOf(status)] ?? 0);
    pair.tries[cid] = tries + 1;
    pair.marks[cid] = 0;
    pair.park(cid, dueNs);
    this.count += 1;
    this.#runAt(dueNs);
    return true;
  }

  /** Commands can be sent again, after a start or a reset. */
  resume(): void {
    this.#executor.post(this.#task);
  }

  /** No try is made until {@link Retries.resume}. */
  pause(): void {
    this.#executor.cancel(this.#task);
  }

  #runAt(dueNs: number): void {
    const task = this.#task;
    if (!this.#host.isLive || (task.slot !== -1 && task.dueNs <= dueNs)) return;
    this.#executor.schedule(task, dueNs);
  }

  #run(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const pair of this.#host.pairs) {
      if (!this.#host.isLive) return;
      if (pair.parkedCount > 0) next = Math.min(next, this.#runPair(pair));
    }
    if (next !== Number.POSITIVE_INFINITY) this.#runAt(next);
  }

  /** Sends what is due; when the next one of this pair is. */
  #runPair(pair: QueuePair): number {
    const { now } = this.#executor;
    let next = Number.POSITIVE_INFINITY;
    for (let cid = 0; cid < pair.requests.length; cid++) {
      if (pair.states[cid] !== SlotState.parked) continue;
      if (pair.sinceNs[cid]! <= now) this.#host.send(pair, cid);
      else next = Math.min(next, pair.sinceNs[cid]!);
    }
    this.#host.commit(pair);
    return next;
  }
}
