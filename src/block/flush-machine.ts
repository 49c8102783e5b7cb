/**
 * The flush machine of one hardware queue: what PREFLUSH and FUA ask for becomes flushes of the whole cache around the data.
 *
 * A request that needs a flush passes through up to three steps: PREFLUSH (what was done before it is made durable), DATA, POSTFLUSH
 * (its own data is made durable, where the device does not honour FUA). Which steps it needs is decided by the write cache and the FUA
 * support of the device:
 *
 * | write cache | device FUA | PREFLUSH flag | FUA flag |
 * |---|---|---|---|
 * | off | any | nothing | nothing |
 * | on | no | PREFLUSH | POSTFLUSH |
 * | on | yes | PREFLUSH | FUA stays on the data |
 *
 * One flush serves all requests that waited when it was issued; those that come while it runs wait for the next one, since it may have
 * passed their data already. Conditions for issuing a flush:
 * 1. Only one flush is in flight.
 * 2. It waits while DATA steps are in flight, so that their POSTFLUSH can share it, but no longer than {@link FLUSH_PENDING_NS}.
 *
 * An error of a shared flush ends all its waiters with that error. A flush borrows the tag of the first of its waiters (which is not in the
 * driver while it waits), so that it needs no tag of its own and a depth of 1 cannot lock up.
 */
import { assert } from '../base/assert.ts';
import { BioFlag, BioOp, BlkStatus, type QueueLimits } from '../interfaces/bio.ts';
import type { Executor } from '../interfaces/executor.ts';
import { type BlkRequest, RequestList, RequestState } from './blk-request.ts';

/** Steps of a request, a bit set; the lowest bit that is left comes next. */
export const FlushStep = { preflush: 1, data: 2, postflush: 4 } as const;

/** How long a flush waits for data in flight: 5 s. */
export const FLUSH_PENDING_NS = 5_000_000_000;

/** The steps that a bio needs on a queue with these limits; 0 for a bio that needs no flush. */
export function flushStepsFor(limits: QueueLimits, flags: number, hasData: boolean): number {
  if (!limits.writeCache) return 0;
  const pre = (flags & BioFlag.preflush) !== 0 ? FlushStep.preflush : 0;
  const post = (flags & BioFlag.fua) !== 0 && !limits.fua && hasData ? FlushStep.postflush : 0;
  if (pre === 0 && post === 0) return 0;
  return pre | (hasData ? FlushStep.data : 0) | post;
}

/** Takes requests through their steps. */
export class FlushMachine {
  readonly #executor: Executor;
  readonly #flush: BlkRequest;
  readonly #dispatch: (request: BlkRequest) => void;
  readonly #finish: (request: BlkRequest) => void;
  /** Those that wait for the next flush, and those that the flush in flight serves: the two change places at each issue. */
  #pending = new RequestList();
  #running = new RequestList();
  #pendingSinceNs = 0;
  #isRunning = false;
  #dataInFlight = 0;

  /**
   * @param flush the request that carries the flushes
   * @param dispatch sends a data step, or the flush itself, to the driver
   * @param finish ends a request that has no step left, with its status set
   */
  constructor(
    executor: Executor,
    flush: BlkRequest,
    dispatch: (request: BlkRequest) => void,
    finish: (request: BlkRequest) => void,
  ) {
    this.#executor = executor;
    this.#flush = flush;
    this.#dispatch = dispatch;
    this.#finish = finish;
  }

  /** Takes a request whose `flushSteps` are set. */
  begin(request: BlkRequest): void {
    this.#next(request);
    this.#kick();
  }

  /** The driver ended a data step. */
  dataEnded(request: BlkRequest): void {
    this.#dataInFlight -= 1;
    this.#stepEnded(request, FlushStep.data, request.status);
    this.#kick();
  }

  /** The driver ended the flush. */
  flushEnded(): void {
    const { status } = this.#flush;
    assert(this.#isRunning, 'a flush was in flight');
    // A waiter whose bio ends may bring a new request at once; it must not start the next flush before all waiters are through.
    for (let request = this.#running.shift(); request !== undefined; ) {
      this.#stepEnded(request, request.flushSteps & -request.flushSteps, status);
      request = this.#running.shift();
    }
    this.#isRunning = false;
    this.#kick();
  }

  #stepEnded(request: BlkRequest, step: number, status: BlkStatus): void {
    if (status !== BlkStatus.ok) {
      request.status = status;
      request.flushSteps = 0;
    } else {
      request.flushSteps &= ~step;
    }
    this.#next(request);
  }

  #next(request: BlkRequest): void {
    const step = request.flushSteps & -request.flushSteps;
    if (step === 0) {
      this.#finish(request);
    } else if (step === FlushStep.data) {
      this.#dataInFlight += 1;
      this.#dispatch(request);
    } else {
      if (this.#pending.count === 0) this.#pendingSinceNs = this.#executor.now;
      this.#pending.push(request);
    }
  }

  #kick(): void {
    const first = this.#pending.head;
    if (this.#isRunning || first === undefined) return;
    const waited = this.#executor.now - this.#pendingSinceNs;
    if (this.#dataInFlight > 0 && waited < FLUSH_PENDING_NS) return;
    const served = this.#pending;
    this.#pending = this.#running;
    this.#running = served;
    this.#isRunning = true;
    const flush = this.#flush;
    assert(flush.state === RequestState.free, 'the flush request is free');
    flush.state = RequestState.queued;
    // Without tags of its own the queue lends it the one of a waiter, so that a depth of 1 cannot lock up.
    if (first.tag >= 0) flush.tag = first.tag;
    flush.ioId = first.ioId;
    flush.memory = first.memory;
    flush.op = BioOp.flush;
    flush.flags = BioFlag.preflush;
    flush.status = BlkStatus.ok;
    flush.result = 0;
    this.#dispatch(flush);
  }
}
