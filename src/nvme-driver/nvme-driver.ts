/**
 * A host's NVMe driver for one PCI function. NVMe Base 2.0.
 *
 * Its life is `down`, `starting`, `live`, `resetting`, `stopping`. A request has a slot of its queue from `queueRq` to its end: in the
 * meantime its command may be sent more than once, after a status that allows it (`disposition.ts`) or after a controller reset
 * (`timeout-ladder.ts`). Requests that come while the controller is reset wait in their slots. What is still there when the controller
 * is given up or shut down ends with Command Aborted By Host, after the controller was disabled.
 *
 * Does not model: metadata, multipath (see `pathErrors`), power states, controller memory buffer.
 *
 * Events of the layer `nvme-driver`: `submit` (the request's own ioId; a: queue << 16 | cid, the controller's ioId; b: opcode),
 * `complete` and `retry` (a: queue << 16 | cid, b: status), `doorbell` (a: queue, b: tail), `bad-cid` (a: queue, b: cid), `timeout`
 * (a: queue << 16 | cid, b: rung), `async-event` (a: type, b: info << 8 | log page), `reset`, `live`, `dead` and `gone` (no numbers).
 */
import { assert } from '../base/assert.ts';
import { type TimeoutVerdict, TimeoutVerdict as Verdict } from '../interfaces/blk-mq.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHost, NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import { AbortResult } from '../interfaces/request.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { NvmeStatus, STATUS_DNR } from '../wire/nvme-status.ts';
import { AbortPool } from './abort-pool.ts';
import { AdminChannel } from './admin-channel.ts';
import { BringUp, ShutdownKind } from './bring-up.ts';
import type { NvmeDriverCounters } from './counters.ts';
import { Doorbells } from './doorbells.ts';
import { type DriverState, mayEnter } from './driver-state.ts';
import { EventListener, type NvmeAsyncEvent } from './event-listener.ts';
import { LateEnds } from './late-ends.ts';
import {
  type NvmeDriverOptions,
  type ResolvedDriverOptions,
  resolveDriverOptions,
} from './options.ts';
import { NO_SLOT, type QueuePair, SlotMark, SlotState } from './queue-pair.ts';
import { ABORTED_BY_HOST, endRequest, QueuePairs } from './queue-pairs.ts';
import { Reaper } from './reaper.ts';
import { RegisterWindow } from './register-window.ts';
import { Retries } from './retries.ts';
import { type Rung, TimeoutLadder } from './timeout-ladder.ts';

const LAYER = Layer.nvmeDriver;
const REFUSED: number = NvmeStatus.invalidField | STATUS_DNR;

/** {@link NvmeHost} on a {@link PciFunction}. */
export class NvmeDriver implements NvmeHost {
  readonly #executor: Executor;
  readonly #options: ResolvedDriverOptions;
  readonly #tracer: Tracer | undefined;
  readonly #submitNs: number;
  readonly #bringUp: BringUp;
  readonly #doorbells: Doorbells;
  readonly #reaper: Reaper;
  readonly #retries: Retries;
  readonly #ladder: TimeoutLadder;
  readonly #aborts: AbortPool;
  readonly #listener: EventListener;
  readonly #pairs: QueuePairs;
  #state: DriverState = 'down';
  #isLive = false;
  readonly #lateEnds: LateEnds;
  /** Who waits for the start, and for the end of what is going on. */
  #startDone: ((error?: string) => void) | undefined = undefined;
  readonly #stopDone: (() => void)[] = [];
  #commands = 0;
  #interrupts = 0;
  #resets = 0;

  /**
   * @param memory where queues, PRP lists and the data of requests lie
   * @param pages gives pages of that memory for queues and lists
   * @throws ConfigError for an option out of its range
   */
  constructor(
    executor: Executor,
    memory: GuestMemory,
    pci: PciFunction,
    pages: PageAllocator,
    options: NvmeDriverOptions = {},
  ) {
    const resolved = resolveDriverOptions(options);
    const { costs, owner, timeoutNs, adminTimeoutNs, pathErrors, pageBytes } = resolved;
    const driver = this;
    const host = {
      get pairs() {
        return driver.#pairs.list;
      },
      get isLive() {
        return driver.#isLive;
      },
      pairMade: (pair: QueuePair) => this.#pairs.add(pair),
      pairsGranted: (count: number) => this.#pairs.keep(count),
      disabled: () => this.#pairs.restart(),
      givePages: (pair: QueuePair) => this.#bringUp.givePages(pair),
      ring: (pair: QueuePair) => this.#ring(pair),
      send: (pair: QueuePair, cid: number) => this.#send(pair, cid),
      commit: (pair: QueuePair) => this.commitRqs(pair.id),
      reap: (pair: QueuePair) => this.#reaper.reap(pair),
      abort: (pair: QueuePair, cid: number) => this.#aborts.send(pair, cid),
      reset: () => this.resetController(),
      lost: () => this.#lost(),
      late: (pair: QueuePair, cid: number, rung: Rung) =>
        this.#trace('timeout', 0, (pair.id << 16) | cid, rung),
      completed: (pair: QueuePair, cid: number, status: number, dw0: number) =>
        this.#completed(pair, cid, status, dw0),
      stray: (pair: QueuePair, cid: number) => this.#trace('bad-cid', 0, pair.id, cid),
      reaped: (pair: QueuePair) => {
        if (pair.id === 0) this.#listener.pump();
      },
      submit: (request: NvmeHostRequest) => this.#submitOwn(request, SlotMark.patient),
      heard: (event: NvmeAsyncEvent) => this.#heard(event),
      scanned: (namespaces: readonly NvmeNamespaceInfo[]) => this.#scanned(namespaces),
    };
    const submitOwn = (request: NvmeHostRequest) => this.#submitOwn(request, 0);
    const registers = new RegisterWindow(executor, pci, owner);
    const look = () => this.#reaper.reap(this.#pairs.list[0]!);
    const channel = new AdminChannel(memory, pages, pageBytes, registers, submitOwn, look);
    this.#executor = executor;
    this.#options = resolved;
    this.#tracer = resolved.tracer;
    this.#submitNs = costs.guestSubmitNs;
    this.#lateEnds = new LateEnds(executor, owner);
    this.#doorbells = new Doorbells(memory, pci);
    const { interruptNs, guestCompleteNs } = costs;
    this.#reaper = new Reaper(executor, this.#doorbells, host, interruptNs, guestCompleteNs);
    this.#pairs = new QueuePairs(executor, this.#reaper, host, owner);
    this.#retries = new Retries(executor, host, pathErrors === 'end', owner);
    this.#ladder = new TimeoutLadder(executor, registers, host, timeoutNs, adminTimeoutNs, owner);
    this.#aborts = new AbortPool(submitOwn);
    this.#bringUp = new BringUp(memory, pages, pci, resolved, registers, channel, host);
    this.#listener = new EventListener(executor, channel, this.#bringUp.scan, host, owner);
  }

  get ioQueueCount(): number {
    return Math.max(0, this.#pairs.list.length - 1);
  }

  get maxTransferBytes(): number {
    return this.#bringUp.facts.maxTransferBytes;
  }

  get volatileWriteCache(): boolean {
    return this.#bringUp.facts.volatileWriteCache;
  }

  get namespaces(): readonly NvmeNamespaceInfo[] {
    return this.#bringUp.namespaces;
  }

  /** Where it stands. */
  get state(): DriverState {
    return this.#state;
  }

  /** What it has done since it was made. */
  counters(): NvmeDriverCounters {
    return {
      commands: this.#commands,
      completions: this.#reaper.completions,
      doorbells: this.#doorbells.mmioWrites,
      shadowDoorbells: this.#doorbells.shadowWrites,
      interrupts: this.#interrupts,
      retries: this.#retries.count,
      aborts: this.#aborts.sent,
      aborted: this.#aborts.succeeded,
      resets: this.#resets,
    };
  }

  /** Brings the controller up; `done` gets what went wrong, and then the driver is as before. Only when it is down. */
  start(done: (error?: string) => void): void {
    assert(this.#state === 'down', 'a driver is started once at a time');
    this.#enter('starting');
    this.#startDone = done;
    this.#bringUp.start((error) => {
      this.#startDone = undefined;
      if (error !== undefined) {
        this.#tearDown(undefined, () => done(error));
        return;
      }
      this.#enterLive();
      done();
    });
  }

  /**
   * Shuts the controller down: in an orderly way, or in a hurry ('abrupt', as before a loss of power). Requests that did not end by then
   * end with Command Aborted By Host.
   */
  shutdown(done: () => void, kind: keyof typeof ShutdownKind = 'normal'): void {
    this.#tearDown(ShutdownKind[kind], done);
  }

  /** Resets the controller while it is in use: requests in flight are sent again, or end if they may not be. Only when it is live. */
  resetController(): void {
    if (!this.#isLive) return;
    this.#enter('resetting');
    this.#resets += 1;
    this.#trace('reset', 0, 0, 0);
    this.#quiet();
    this.#bringUp.restart((error) => {
      if (error === undefined) this.#enterLive();
      else {
        this.#trace('dead', 0, 0, 0);
        this.#tearDown(undefined, () => undefined);
      }
    });
  }

  /** The message of `vector` arrived. */
  interrupt(vector: number): void {
    this.#interrupts += 1;
    for (const pair of this.#pairs.list) if (pair.vector === vector) this.#reaper.soon(pair);
  }

  /** The level of the interrupt pin changed. */
  interruptPin(level: boolean): void {
    this.#reaper.pinIsHigh = level;
    if (!level) return;
    for (const pair of this.#pairs.list) if (pair.vector >= 0) this.#reaper.soon(pair);
  }

  /** Looks for completions of a queue without an interrupt. */
  poll(queueId: number): void {
    const pair = this.#pairs.list[queueId];
    if (pair !== undefined) this.#reaper.soon(pair);
  }

  queueRq(queueId: number, request: NvmeHostRequest): boolean {
    const pair = this.#pairs.list[queueId];
    if (pair === undefined || !this.#isLive) return this.#queueLater(pair, request);
    const { now } = this.#executor;
    const cid = pair.queue(request, now);
    if (cid >= 0) this.#sent(pair, cid, request);
    else if (cid === NO_SLOT) return false;
    else this.#lateEnds.add(request, REFUSED);
    return true;
  }

  commitRqs(queueId: number): void {
    const pair = this.#pairs.list[queueId];
    if (pair === undefined || pair.tail === pair.rung) return;
    if (pair.busyNs <= this.#executor.now) this.#ring(pair);
    else if (pair.ringTask!.slot === -1) this.#executor.schedule(pair.ringTask!, pair.busyNs);
  }

  /**
   * Takes a request back that waits for another try, or sends an Abort command. The answer is `tooLate` for any command in flight:
   * whether the Abort came in time shows in the status with which the request ends.
   */
  abort(request: NvmeHostRequest): AbortResult {
    const pair = this.#pairs.find(request);
    if (pair === undefined) return AbortResult.unknown;
    const cid = pair.requests.indexOf(request);
    if (pair.states[cid] === SlotState.parked) {
      pair.take(cid);
      this.#lateEnds.add(request, NvmeStatus.abortRequested);
      return AbortResult.aborted;
    }
    pair.marks[cid]! |= SlotMark.noRetry;
    this.#aborts.send(pair, cid);
    return AbortResult.tooLate;
  }

  timeout(request: NvmeHostRequest): TimeoutVerdict {
    const pair = this.#pairs.find(request);
    if (pair === undefined) return Verdict.done;
    const cid = pair.requests.indexOf(request);
    if (this.#isLive && pair.states[cid] === SlotState.queued) {
      this.#ladder.climb(pair, cid);
    }
    return pair.requests[cid] === request ? Verdict.resetTimer : Verdict.done;
  }

  /** I/O waits for the end of a reset; admin commands of others do not, for they may be about what is being reset. */
  #queueLater(pair: QueuePair | undefined, request: NvmeHostRequest): boolean {
    if (!this.#reaper.isServing) this.#lateEnds.add(request, ABORTED_BY_HOST);
    else if (pair === undefined) this.#lateEnds.add(request, REFUSED);
    else if (pair.id !== 0) return pair.hold(request, this.#executor.now) !== NO_SLOT;
    else this.#lateEnds.add(request, NvmeStatus.abortedByHost);
    return true;
  }

  #enter(next: DriverState): void {
    assert(mayEnter(this.#state, next), 'a step of the driver follows from the one before');
    this.#state = next;
    this.#isLive = next === 'live';
    this.#reaper.isServing = this.#isLive || next === 'starting' || next === 'resetting';
  }

  #enterLive(): void {
    const { abortLimit, eventLimit, retryDelaysNs } = this.#bringUp.facts;
    this.#enter('live');
    this.#trace('live', 0, 0, 0);
    this.#aborts.limit = abortLimit;
    this.#retries.delaysNs = retryDelaysNs;
    this.#ladder.sent();
    this.#retries.resume();
    // The admin queue keeps room for an Abort and for one command beside the requests for events.
    this.#listener.start(Math.min(eventLimit, Math.max(0, this.#options.adminQueueEntries - 3)));
  }

  /** Sends what is parked. */
  #send(pair: QueuePair, cid: number): void {
    const request = pair.requests[cid]!;
    if (pair.send(cid, this.#executor.now)) this.#sent(pair, cid, request);
    else {
      pair.take(cid);
      this.#lateEnds.add(request, REFUSED);
    }
  }

  #sent(pair: QueuePair, cid: number, request: NvmeHostRequest): void {
    this.#commands += 1;
    this.#tracer?.event(LAYER, 'submit', request.ioId, (pair.id << 16) | cid, request.opcode);
    this.#ladder.sent();
    if (this.#submitNs === 0) return;
    pair.busyNs = Math.max(pair.busyNs, this.#executor.now) + this.#submitNs;
  }

  /** Sends a command of the driver's own, whatever goes on. */
  #submitOwn(request: NvmeHostRequest, marks: number): boolean {
    const admin = this.#pairs.list[0];
    if (!this.#reaper.isServing || admin === undefined) return false;
    const cid = admin.queue(request, this.#executor.now);
    if (cid < 0) return false;
    admin.marks[cid] = marks;
    this.#sent(admin, cid, request);
    this.commitRqs(0);
    return true;
  }

  #ring(pair: QueuePair): void {
    if (!this.#reaper.isServing || pair.tail === pair.rung) return;
    if (this.#doorbells.ringTail(pair)) {
      this.#tracer?.event(LAYER, 'doorbell', 0, pair.id, pair.tail);
    }
  }

  #completed(pair: QueuePair, cid: number, status: number, dw0: number): void {
    if (status !== 0 && this.#isRetried(pair, cid, status)) return;
    const request = pair.take(cid)!;
    this.#tracer?.event(LAYER, 'complete', request.ioId, (pair.id << 16) | cid, status);
    endRequest(request, status, dw0);
  }

  #isRetried(pair: QueuePair, cid: number, status: number): boolean {
    if (!this.#retries.keep(pair, cid, status)) return false;
    this.#trace('retry', pair.requests[cid]!.ioId, (pair.id << 16) | cid, status);
    return true;
  }

  #heard(event: NvmeAsyncEvent): void {
    this.#trace('async-event', 0, event.type, (event.info << 8) | event.logPage);
    this.#options.asyncEvent(event);
  }

  #scanned(namespaces: readonly NvmeNamespaceInfo[]): void {
    this.#bringUp.namespaces = namespaces;
    this.#options.namespacesChanged(namespaces);
  }

  #lost(): void {
    this.#trace('gone', 0, 0, 0);
    this.#tearDown(undefined, () => undefined);
  }

  /** Nothing happens by itself any more. */
  #quiet(): void {
    this.#ladder.stop();
    this.#retries.pause();
    this.#listener.stop();
    this.#pairs.quiet();
  }

  /** Stops the controller, and only then lets go of the buffers of what is in flight. */
  #tearDown(kind: ShutdownKind | undefined, done: () => void): void {
    this.#stopDone.push(done);
    if (this.#stopDone.length > 1) return;
    this.#enter('stopping');
    this.#quiet();
    this.#bringUp.stop(kind, () => {
      this.#pairs.keep(0);
      this.#lateEnds.flush();
      this.#enter('down');
      const startDone = this.#startDone;
      this.#startDone = undefined;
      for (const each of this.#stopDone.splice(0)) each();
      startDone?.('driver was shut down during its start');
    });
  }

  #trace(name: string, ioId: number, a: number, b: number): void {
    this.#tracer?.event(LAYER, name, ioId, a, b);
  }
}
