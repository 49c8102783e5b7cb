/** All queue pairs of a driver: how they come, outlive a reset, and go. */
import type { Executor } from '../interfaces/executor.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { makeTask } from '../sim/task.ts';
import { NvmeStatus, STATUS_DNR } from '../wire/nvme-status.ts';
import { type QueuePair, SlotState } from './queue-pair.ts';
import type { Reaper } from './reaper.ts';

/** Status of requests that the driver ended itself. */
export const ABORTED_BY_HOST: number = NvmeStatus.abortedByHost | STATUS_DNR;

/** What the pairs need of the driver. */
export interface PairsHost {
  /** Rings the tail doorbell now. */
  ring(pair: QueuePair): void;
  /** The command in slot `cid` is over. */
  completed(pair: QueuePair, cid: number, status: number, dw0: number): void;
  /** Gives the memory of a pair back. */
  givePages(pair: QueuePair): void;
}

/** The pairs by queue id; the admin pair is the first. */
export class QueuePairs {
  /** In the order of their ids. */
  list: readonly QueuePair[] = [];
  readonly #executor: Executor;
  readonly #reaper: Reaper;
  readonly #host: PairsHost;
  readonly #owner: string;

  constructor(executor: Executor, reaper: Reaper, host: PairsHost, owner: string) {
    this.#executor = executor;
    this.#reaper = reaper;
    this.#host = host;
    this.#owner = owner;
  }

  /** The pair that has a slot for `request`. */
  find(request: NvmeHostRequest): QueuePair | undefined {
    return this.list.find(({ requests }) => requests.includes(request));
  }

  /** Adds the next pair. */
  add(pair: QueuePair): void {
    pair.ringTask = makeTask(this.#owner, () => this.#host.ring(pair));
    pair.reapTask = makeTask(this.#owner, () => this.#reaper.reap(pair));
    this.list = [...this.list, pair];
  }

  /** No doorbell is rung later. */
  quiet(): void {
    for (const pair of this.list) this.#executor.cancel(pair.ringTask!);
  }

  /** The controller lost its queues: what it had completed ends, its other commands are over, and the pairs are as new. */
  restart(): void {
    for (const pair of this.list) {
      this.#drain(pair);
      for (let cid = 0; cid < pair.requests.length; cid++) {
        if (pair.states[cid] !== SlotState.queued) continue;
        this.#host.completed(pair, cid, NvmeStatus.abortedByHost, 0);
      }
      pair.restart();
    }
  }

  /** Lets go of all pairs but the first `count`: what had been completed ends, every other request ends with Command Aborted By Host. */
  keep(count: number): void {
    const gone = this.list.slice(count);
    this.list = this.list.slice(0, count);
    for (const pair of gone) {
      this.#executor.cancel(pair.ringTask!);
      this.#drain(pair);
      for (let cid = 0; cid < pair.requests.length; cid++) {
        const request = pair.take(cid);
        if (request !== undefined) endRequest(request, ABORTED_BY_HOST, 0);
      }
      this.#host.givePages(pair);
    }
  }

  #drain(pair: QueuePair): void {
    this.#executor.cancel(pair.reapTask!);
    pair.reaping = false;
    this.#reaper.drain(pair);
  }
}

/** Ends a request. */
export function endRequest(request: NvmeHostRequest, status: number, dw0: number): void {
  request.status = status;
  request.dw0 = dw0;
  request.end(request);
}
