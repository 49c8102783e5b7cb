/** Completions: found by their phase tag, handed on, and their room given back. NVMe Base 2.0, 3.3.3.2. */
import type { Executor } from '../interfaces/executor.ts';
import { CqeWord } from '../wire/nvme-entries.ts';
import type { Doorbells } from './doorbells.ts';
import { type QueuePair, SlotState } from './queue-pair.ts';

/** What the reaper needs of the driver. */
export interface ReapHost {
  /** The command in slot `cid` ended. */
  completed(pair: QueuePair, cid: number, status: number, dw0: number): void;
  /** A completion came for a command that is not with the controller. */
  stray(pair: QueuePair, cid: number): void;
  /** All completions that were there have been handed on. */
  reaped(pair: QueuePair): void;
}

/** Reaps the completion queues of one driver. */
export class Reaper {
  /** Completions that were handed on. */
  completions = 0;
  /** The level of the interrupt pin. */
  pinIsHigh = false;
  /** Completions are served: false between two lives of the controller. */
  isServing = false;
  readonly #executor: Executor;
  readonly #doorbells: Doorbells;
  readonly #host: ReapHost;
  readonly #interruptNs: number;
  readonly #completeNs: number;
  readonly #cqe = new Int32Array(4);

  /** @param interruptNs from the interrupt to the handler @param completeNs what each completion takes the guest */
  constructor(
    executor: Executor,
    doorbells: Doorbells,
    host: ReapHost,
    interruptNs: number,
    completeNs: number,
  ) {
    this.#executor = executor;
    this.#doorbells = doorbells;
    this.#host = host;
    this.#interruptNs = interruptNs;
    this.#completeNs = completeNs;
  }

  /** Reaps in a task. */
  soon(pair: QueuePair): void {
    if (pair.reaping) return;
    pair.reaping = true;
    if (this.#interruptNs === 0) this.#executor.post(pair.reapTask!);
    else this.#executor.schedule(pair.reapTask!, this.#executor.now + this.#interruptNs);
  }

  /** Reaps now. */
  reap(pair: QueuePair): void {
    const from = pair.head;
    const { phase } = pair;
    pair.reaping = false;
    while (this.isServing && this.#one(pair)) {
      if (this.#completeNs === 0) continue;
      // One completion takes its time; the next one is looked at after it.
      pair.reaping = true;
      this.#executor.schedule(pair.reapTask!, this.#executor.now + this.#completeNs);
      break;
    }
    if (!this.isServing || (pair.head === from && pair.phase === phase)) return;
    this.#doorbells.ringHead(pair);
    // A pin that stays high asks again, after the controller saw the doorbell.
    if (this.pinIsHigh) this.soon(pair);
    this.#host.reaped(pair);
  }

  /** Hands on what a controller left that is disabled: no doorbell, no time. */
  drain(pair: QueuePair): void {
    while (this.#one(pair));
  }

  #one(pair: QueuePair): boolean {
    const cqe = this.#cqe;
    if (!pair.next(cqe)) return false;
    const last = cqe[CqeWord.cidAndStatus]!;
    const cid = last & 0xffff;
    if (pair.states[cid] === SlotState.queued) {
      this.completions += 1;
      this.#host.completed(pair, cid, last >>> 17, cqe[CqeWord.dw0]! >>> 0);
    } else this.#host.stray(pair, cid);
    return true;
  }
}
