/**
 * A host's NVMe driver for one PCI function: queues, submission, completion, and the end of a dead controller. NVMe Base 2.0.
 *
 * A command that outlives its timeout is looked for once more in its completion queue; then the controller counts as dead: it is disabled
 * and every request ends with Command Aborted By Host. The same happens when CSTS shows a fatal status.
 *
 * Does not model: reset and requeue after a timeout, SGLs, metadata, shadow doorbells.
 *
 * Events of the layer `nvme-driver`: `submit` (the request's own ioId; a: queue << 16 | cid, the controller's ioId; b: opcode),
 * `complete` (a: queue << 16 | cid, b: status), `doorbell` (a: queue, b: tail), `bad-cid` (a: queue, b: cid), `dead` (no numbers).
 */
import { assert } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHost, NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import { AbortResult } from '../interfaces/request.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { makeTask } from '../sim/task.ts';
import { CqeWord } from '../wire/nvme-entries.ts';
import { AdminOpcode } from '../wire/nvme-opcodes.ts';
import { Csts, NvmeRegister } from '../wire/nvme-registers.ts';
import { NvmeStatus, STATUS_DNR } from '../wire/nvme-status.ts';
import { BringUp } from './bring-up.ts';
import { type NvmeDriverOptions, resolveDriverOptions } from './options.ts';
import { type QueuePair, QueueResult } from './queue-pair.ts';

/** How often the watchdog looks while commands are in flight: parts of the timeout. */
const WATCHES_PER_TIMEOUT = 4;
/** Abort commands that may be in flight at once. */
const MAX_ABORTS = 4;

/** Status of requests that the driver ended itself. */
export const ABORTED_BY_HOST: number = NvmeStatus.abortedByHost | STATUS_DNR;
const REFUSED: number = NvmeStatus.invalidField | STATUS_DNR;

/** What a driver has done. */
export interface NvmeDriverCounters extends Readonly<Record<string, number>> {
  /** Commands that were queued. */
  readonly commands: number;
  /** Completions that were reaped. */
  readonly completions: number;
  /** Doorbells that were written. */
  readonly doorbells: number;
  /** Interrupts that arrived. */
  readonly interrupts: number;
}

/** {@link NvmeHost} on a {@link PciFunction}. */
export class NvmeDriver implements NvmeHost {
  readonly #executor: Executor;
  readonly #pci: PciFunction;
  readonly #bringUp: BringUp;
  readonly #tracer: Tracer | undefined;
  readonly #owner: string;
  readonly #submitNs: number;
  readonly #completeNs: number;
  readonly #interruptNs: number;
  readonly #timeoutNs: number;
  readonly #cqe = new Int32Array(4);
  #pairs: readonly QueuePair[] = [];
  /** Requests are taken: false before start, and after shutdown or death. */
  #alive = false;
  #pinIsHigh = false;
  #watching = false;
  readonly #watchTask: Task;
  readonly #rejected: NvmeHostRequest[] = [];
  readonly #rejectTask: Task;
  readonly #aborts: NvmeHostRequest[] = [];
  /** Who waits for the start, and for the end of what is going on. */
  #startDone: ((error?: string) => void) | undefined = undefined;
  readonly #stopDone: (() => void)[] = [];
  #commands = 0;
  #completions = 0;
  #doorbells = 0;
  #interrupts = 0;

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
    this.#executor = executor;
    this.#pci = pci;
    this.#tracer = resolved.tracer;
    this.#owner = resolved.owner;
    this.#submitNs = resolved.costs.guestSubmitNs;
    this.#completeNs = resolved.costs.guestCompleteNs;
    this.#interruptNs = resolved.costs.interruptNs;
    this.#timeoutNs = resolved.timeoutNs;
    this.#watchTask = makeTask(this.#owner, () => this.#watch(), true);
    this.#rejectTask = makeTask(this.#owner, () => this.#endRejected());
    this.#bringUp = new BringUp(executor, memory, pages, pci, resolved, {
      pairMade: (pair) => this.#adoptPair(pair),
      submit: (request) => {
        this.queueRq(0, request);
        this.commitRqs(0);
      },
    });
    for (let i = 0; i < MAX_ABORTS; i++) this.#aborts.push(this.#makeAbort());
  }

  get ioQueueCount(): number {
    return Math.max(0, this.#pairs.length - 1);
  }

  get maxTransferBytes(): number {
    return this.#bringUp.maxTransferBytes;
  }

  get volatileWriteCache(): boolean {
    return this.#bringUp.volatileWriteCache;
  }

  get namespaces(): readonly NvmeNamespaceInfo[] {
    return this.#bringUp.namespaces;
  }

  /** What it has done since it was made. */
  counters(): NvmeDriverCounters {
    return {
      commands: this.#commands,
      completions: this.#completions,
      doorbells: this.#doorbells,
      interrupts: this.#interrupts,
    };
  }

  /** Brings the controller up; `done` gets what went wrong, and then the driver is as before. Not while it is up. */
  start(done: (error?: string) => void): void {
    assert(!this.#alive && this.#stopDone.length === 0, 'a driver is started once at a time');
    this.#alive = true;
    this.#startDone = done;
    this.#bringUp.start((error) => {
      if (error === undefined) this.#started(undefined);
      else this.#tearDown(false, () => this.#started(error));
    });
  }

  /** Shuts the controller down in an orderly way. Requests that did not end by then end with Command Aborted By Host. */
  shutdown(done: () => void): void {
    this.#tearDown(true, done);
  }

  /** The message of `vector` arrived. */
  interrupt(vector: number): void {
    this.#interrupts += 1;
    for (const pair of this.#pairs) if (pair.vector === vector) this.#reapSoon(pair);
  }

  /** The level of the interrupt pin changed. */
  interruptPin(level: boolean): void {
    this.#pinIsHigh = level;
    if (level) for (const pair of this.#pairs) this.#reapSoon(pair);
  }

  /** Looks for completions of a queue without an interrupt. */
  poll(queueId: number): void {
    const pair = this.#pairs[queueId];
    if (pair !== undefined) this.#reapSoon(pair);
  }

  queueRq(queueId: number, request: NvmeHostRequest): boolean {
    const pair = this.#pairs[queueId];
    if (!this.#alive || pair === undefined) {
      this.#reject(request, this.#alive ? REFUSED : ABORTED_BY_HOST);
      return true;
    }
    const cid = pair.nextCid;
    const result = pair.queue(request, this.#executor.now);
    if (result !== QueueResult.queued) {
      if (result === QueueResult.full) return false;
      this.#reject(request, REFUSED);
      return true;
    }
    this.#commands += 1;
    const ioId = (queueId << 16) | cid;
    this.#tracer?.event(Layer.nvmeDriver, 'submit', request.ioId, ioId, request.opcode);
    if (!this.#watching) this.#watchLater();
    if (this.#submitNs > 0) {
      pair.busyNs = Math.max(pair.busyNs, this.#executor.now) + this.#submitNs;
    }
    return true;
  }

  commitRqs(queueId: number): void {
    const pair = this.#pairs[queueId];
    if (pair === undefined || pair.tail === pair.rung) return;
    if (pair.busyNs <= this.#executor.now) this.#ring(pair);
    else if (pair.ringTask!.slot === -1) this.#executor.schedule(pair.ringTask!, pair.busyNs);
  }

  /**
   * Sends an Abort command. The answer is `tooLate` for any request in flight: whether the Abort came in time shows in the status
   * with which the request ends.
   */
  abort(request: NvmeHostRequest): AbortResult {
    for (const pair of this.#pairs) {
      const cid = pair.requests.indexOf(request);
      if (cid < 0) continue;
      const abort = this.#aborts.pop();
      if (abort !== undefined) {
        abort.raw![0] = pair.id | (cid << 16);
        if (this.queueRq(0, abort)) this.commitRqs(0);
        else this.#aborts.push(abort);
      }
      return AbortResult.tooLate;
    }
    return AbortResult.unknown;
  }

  #started(error: string | undefined): void {
    const done = this.#startDone;
    this.#startDone = undefined;
    if (error === undefined) done?.();
    else done?.(error);
  }

  #adoptPair(pair: QueuePair): void {
    pair.ringTask = makeTask(this.#owner, () => this.#ring(pair));
    pair.reapTask = makeTask(this.#owner, () => this.#reap(pair));
    this.#pairs = [...this.#pairs, pair];
  }

  #ring(pair: QueuePair): void {
    if (!this.#alive) return;
    pair.rung = pair.tail;
    this.#doorbells += 1;
    this.#tracer?.event(Layer.nvmeDriver, 'doorbell', 0, pair.id, pair.tail);
    this.#pci.mmioWrite(pair.sqDoorbell, 4, pair.tail);
  }

  #reapSoon(pair: QueuePair): void {
    if (pair.reaping) return;
    pair.reaping = true;
    if (this.#interruptNs === 0) this.#executor.post(pair.reapTask!);
    else this.#executor.schedule(pair.reapTask!, this.#executor.now + this.#interruptNs);
  }

  #reap(pair: QueuePair): void {
    pair.reaping = false;
    const cqe = this.#cqe;
    const from = pair.head;
    const phase = pair.phase;
    while (this.#alive && pair.next(cqe)) {
      const last = cqe[CqeWord.cidAndStatus]!;
      const cid = last & 0xffff;
      const request = pair.take(cid);
      if (request === undefined) {
        this.#tracer?.event(Layer.nvmeDriver, 'bad-cid', 0, pair.id, cid);
        continue;
      }
      this.#completions += 1;
      request.status = last >>> 17;
      request.dw0 = cqe[CqeWord.dw0]! >>> 0;
      const ioId = (pair.id << 16) | cid;
      this.#tracer?.event(Layer.nvmeDriver, 'complete', request.ioId, ioId, request.status);
      request.end(request);
      if (this.#completeNs === 0) continue;
      // One completion takes its time; the next one is looked at after it.
      pair.reaping = true;
      this.#executor.schedule(pair.reapTask!, this.#executor.now + this.#completeNs);
      break;
    }
    if (!this.#alive) return;
    if (pair.head !== from || pair.phase !== phase) {
      this.#doorbells += 1;
      this.#pci.mmioWrite(pair.cqDoorbell, 4, pair.head);
    }
    // A pin that stays high asks again, after the controller saw the doorbell.
    if (this.#pinIsHigh && !pair.reaping && (pair.head !== from || pair.phase !== phase)) {
      this.#reapSoon(pair);
    }
  }

  #reject(request: NvmeHostRequest, status: number): void {
    request.status = status;
    request.dw0 = 0;
    this.#rejected.push(request);
    this.#executor.post(this.#rejectTask);
  }

  #endRejected(): void {
    for (const request of this.#rejected.splice(0)) request.end(request);
  }

  #makeAbort(): NvmeHostRequest {
    return {
      ioId: 0,
      opcode: AdminOpcode.abort,
      nsid: 0,
      slba: 0,
      nlb0: 0,
      control: 0,
      raw: new Int32Array(6),
      data: new SgList(1),
      status: 0,
      dw0: 0,
      end: (abort) => {
        this.#aborts.push(abort);
      },
    };
  }

  #watchLater(): void {
    this.#watching = true;
    const period = Math.ceil(this.#timeoutNs / WATCHES_PER_TIMEOUT);
    this.#executor.schedule(this.#watchTask, this.#executor.now + period);
  }

  #watch(): void {
    this.#watching = false;
    if (!this.#alive) return;
    const csts = this.#pci.mmioRead(NvmeRegister.csts, 4);
    if ((csts & Csts.cfs) !== 0) {
      this.#die();
      return;
    }
    let inFlight = 0;
    for (const pair of this.#pairs) {
      if (this.#isLate(pair)) this.#reap(pair);
      if (!this.#alive) return;
      if (this.#isLate(pair)) {
        this.#die();
        return;
      }
      inFlight += pair.inFlight;
    }
    if (inFlight > 0 && !this.#watching) this.#watchLater();
  }

  #isLate(pair: QueuePair): boolean {
    const limit = this.#executor.now - this.#timeoutNs;
    return pair.requests.some((each, cid) => each !== undefined && pair.queuedNs[cid]! <= limit);
  }

  #die(): void {
    this.#tracer?.event(Layer.nvmeDriver, 'dead', 0, 0, 0);
    this.#tearDown(false, () => this.#started('controller died during its start'));
  }

  /** Stops the controller, and only then lets go of the buffers of what is in flight. */
  #tearDown(orderly: boolean, done: () => void): void {
    this.#alive = false;
    this.#stopDone.push(done);
    if (this.#stopDone.length > 1) return;
    this.#executor.cancel(this.#watchTask);
    this.#watching = false;
    this.#bringUp.stop(orderly, () => {
      for (const pair of this.#pairs) this.#dissolve(pair);
      this.#pairs = [];
      this.#endRejected();
      for (const each of this.#stopDone.splice(0)) each();
      this.#started('driver was shut down during its start');
    });
  }

  #dissolve(pair: QueuePair): void {
    this.#executor.cancel(pair.ringTask!);
    this.#executor.cancel(pair.reapTask!);
    for (let cid = 0; cid < pair.requests.length; cid++) {
      const request = pair.take(cid);
      if (request !== undefined) this.#reject(request, ABORTED_BY_HOST);
    }
    this.#bringUp.givePages(pair);
  }
}
