/**
 * What is done about commands that take too long, one rung after the other: the completion queue is looked into (the interrupt may be
 * lost), the command is aborted, the controller is reset; a controller that does not come back is given up.
 *
 * Every rung gives the command its time again. A late admin command leaves out the Abort. A controller that shows a fatal status, or that
 * is not ready although nobody disabled it, is reset as soon as it is seen; one that reads as all ones is gone.
 */
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import { Csts } from '../wire/nvme-registers.ts';
import { type QueuePair, SlotMark, SlotState } from './queue-pair.ts';
import { ALL_ONES, type RegisterWindow } from './register-window.ts';

/** How often CSTS is read while commands are in flight: parts of the timeout. */
const LOOKS_PER_TIMEOUT = 4;

/** The rungs, as the trace event `timeout` has them. */
export const Rung = { poll: 0, abort: 1, reset: 2 } as const;
/** One of {@link Rung}. */
export type Rung = (typeof Rung)[keyof typeof Rung];

/** What the ladder needs of the driver. */
export interface LadderHost {
  /** All queue pairs. */
  readonly pairs: readonly QueuePair[];
  /** Commands are being served. */
  readonly isLive: boolean;
  /** Looks for completions now. */
  reap(pair: QueuePair): void;
  /** Sends an Abort; false when none is left. */
  abort(pair: QueuePair, cid: number): boolean;
  /** Resets the controller. */
  reset(): void;
  /** The function is gone. */
  lost(): void;
  /** A command was found late. */
  late(pair: QueuePair, cid: number, rung: Rung): void;
}

/** Watches commands in flight. */
export class TimeoutLadder {
  readonly #executor: Executor;
  readonly #registers: RegisterWindow;
  readonly #host: LadderHost;
  readonly #ioNs: number;
  readonly #adminNs: number;
  readonly #task: Task;
  #watching = false;

  /** @param ioNs how long a command may take @param adminNs how long one of the admin queue may */
  constructor(
    executor: Executor,
    registers: RegisterWindow,
    host: LadderHost,
    ioNs: number,
    adminNs: number,
    owner: string,
  ) {
    this.#executor = executor;
    this.#registers = registers;
    this.#host = host;
    this.#ioNs = ioNs;
    this.#adminNs = adminNs;
    this.#task = makeTask(owner, () => this.#watch(), true);
  }

  /** A command was sent. */
  sent(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#executor.schedule(this.#task, this.#executor.now + this.#periodNs);
  }

  /** Nothing is watched until the next command is sent. */
  stop(): void {
    this.#watching = false;
    this.#executor.cancel(this.#task);
  }

  /** The next rung for the command of slot `cid`. False when its completion was there all the time. */
  climb(pair: QueuePair, cid: number): boolean {
    const request = pair.requests[cid];
    this.#host.reap(pair);
    if (pair.requests[cid] !== request || pair.states[cid] !== SlotState.queued) {
      this.#host.late(pair, cid, Rung.poll);
      return false;
    }
    // More completions wait for their turn: this one may be among them.
    if (!this.#host.isLive || pair.reaping) return true;
    pair.sinceNs[cid] = this.#executor.now;
    if (pair.id === 0 || (pair.marks[cid]! & SlotMark.abortSent) !== 0) {
      this.#host.late(pair, cid, Rung.reset);
      this.#host.reset();
    } else if (this.#host.abort(pair, cid)) {
      this.#host.late(pair, cid, Rung.abort);
      pair.marks[cid]! |= SlotMark.abortSent;
    }
    return true;
  }

  get #periodNs(): number {
    return Math.ceil(Math.min(this.#ioNs, this.#adminNs) / LOOKS_PER_TIMEOUT);
  }

  #watch(): void {
    this.#watching = false;
    if (!this.#host.isLive) return;
    const csts = this.#registers.status;
    if (csts === ALL_ONES) {
      this.#host.lost();
      return;
    }
    if ((csts & Csts.cfs) !== 0 || (csts & Csts.rdy) === 0) {
      this.#host.reset();
      return;
    }
    let next = Number.POSITIVE_INFINITY;
    for (const pair of this.#host.pairs) {
      next = Math.min(next, this.#watchPair(pair));
      if (!this.#host.isLive) return;
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#watching = true;
    const lastNs = this.#executor.now + this.#periodNs;
    this.#executor.schedule(
      this.#task,
      next > this.#executor.now ? Math.min(next, lastNs) : lastNs,
    );
  }

  /** Climbs with what is late; when the next one of this pair is, infinite when it has nothing to wait for. */
  #watchPair(pair: QueuePair): number {
    const limitNs = pair.id === 0 ? this.#adminNs : this.#ioNs;
    const { now } = this.#executor;
    let next = Number.POSITIVE_INFINITY;
    for (let cid = 0; cid < pair.requests.length; cid++) {
      if (pair.states[cid] !== SlotState.queued || (pair.marks[cid]! & SlotMark.patient) !== 0) {
        continue;
      }
      const hasTimer = pair.requests[cid]!.hasTimer === true;
      if (!hasTimer && pair.sinceNs[cid]! + limitNs <= now) this.climb(pair, cid);
      if (!this.#host.isLive) return next;
      if (pair.states[cid] === SlotState.queued) {
        const dueNs = pair.sinceNs[cid]! + limitNs;
        next = Math.min(next, hasTimer ? now + this.#periodNs : dueNs);
      }
    }
    return next;
  }
}
