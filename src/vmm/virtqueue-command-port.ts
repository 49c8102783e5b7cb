/**
 * NVMe commands over virtqueues: the VMM's end. What a controller submits becomes chains for the host; data stays where the guest
 * put it and only its addresses travel.
 *
 * `abort` cannot wait for the host: a command that the host holds is promised the status Command Abort Requested and ends with it,
 * whatever the host made of it.
 * Does not model: a bounce buffer. A command whose segments do not fit an empty ring ends with Internal Error.
 */
import { assert, ConfigError } from '../base/assert.ts';
import { IndexFifo } from '../base/index-fifo.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type {
  ControllerEnable,
  NamespaceFormat,
  NvmeCommand,
  NvmeCommandPort,
  NvmePortEvents,
  NvmePortLimits,
} from '../interfaces/nvme-command-port.ts';
import { AbortResult } from '../interfaces/request.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { VhostErrno } from '../interfaces/vhost.ts';
import { NO_TOKEN, VirtqueueResult } from '../interfaces/virtqueue.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { makeTask } from '../sim/task.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import {
  CONTROL_QUEUE,
  ControlOp,
  EVENT_QUEUE,
  EventKind,
  FIRST_REQUEST_QUEUE,
  requestQueueOf,
} from '../wire/nvme-virtqueue.ts';
import { CommandSlots, SlotState } from './command-slots.ts';
import { CONTROL_FRAME_BYTES, ControlQueue } from './control-queue.ts';
import { EVENT_FRAME_BYTES, EventQueue } from './event-queue.ts';
import { FormatCache } from './format-cache.ts';
import { FRAME_BYTES, RequestFrames } from './request-frames.ts';
import type { VirtqueueTransport } from './virtqueue-transport.ts';

/** Most commands in flight that a port can be made for. */
export const MAX_PORT_IN_FLIGHT = 65_535;

/** Asynchronous event: error status, persistent internal error, error log page (NVMe Base 2.0, 5.2.1). */
const FATAL_EVENT = { type: 0, info: 3, logPage: 1 } as const;

/** How a {@link VirtqueueCommandPort} is made. */
export interface VirtqueueCommandPortOptions {
  /** Most commands in flight. */
  maxInFlight: number;
  /** Most data bytes of one command. */
  maxTransferBytes: number;
  /**
   * Receives `submit` (a = virtqueue, b = data bytes), `kick` (a = virtqueue), `complete` (a = virtqueue, b = status),
   * and `broken` (a = virtqueue).
   */
  tracer?: Tracer;
  /** Owner of its tasks. */
  owner?: string;
}

/** Where a port stands: `down` and `failed` answer Internal Error, `held` keeps commands until the host knows of the enable. */
type PortState = 'down' | 'held' | 'up' | 'resetting' | 'failed';

/** {@link NvmeCommandPort} on a {@link VirtqueueTransport}. */
export class VirtqueueCommandPort implements NvmeCommandPort {
  readonly limits: NvmePortLimits;
  readonly #executor: Executor;
  readonly #transport: VirtqueueTransport;
  readonly #tracer: Tracer | undefined;
  readonly #control: ControlQueue;
  readonly #eventQueue: EventQueue;
  readonly #formats: FormatCache;
  readonly #kickTask: Task;
  readonly #endTask: Task;
  readonly #requestQueues: number;
  readonly #frames: RequestFrames;
  readonly #slots: CommandSlots;
  readonly #waiting: IndexFifo[] = [];
  readonly #isDirty: boolean[];
  #events: NvmePortEvents | undefined = undefined;
  #state: PortState = 'down';
  #isStopping = false;
  #resetDones: (() => void)[] = [];
  /** Commands beyond the limit, and callbacks that need a later turn. */
  #refused: NvmeCommand[] = [];
  #later: (() => void)[] = [];

  /**
   * @param memory the memory that the VMM shares with the host, with the guest's in it
   * @param pages memory of the VMM's own inside `memory`, for frames
   * @throws ConfigError for limits out of range, or too few pages
   */
  constructor(
    executor: Executor,
    memory: GuestMemory,
    pages: PageAllocator,
    transport: VirtqueueTransport,
    options: VirtqueueCommandPortOptions,
  ) {
    const { maxInFlight, maxTransferBytes, tracer, owner = 'vmm' } = options;
    if (!Number.isInteger(maxInFlight) || maxInFlight < 1 || maxInFlight > MAX_PORT_IN_FLIGHT) {
      throw new ConfigError('maxInFlight', maxInFlight, `an integer 1 .. ${MAX_PORT_IN_FLIGHT}`);
    }
    this.limits = { maxInFlight, maxTransferBytes };
    this.#executor = executor;
    this.#transport = transport;
    this.#tracer = tracer;
    this.#requestQueues = transport.queueCount - FIRST_REQUEST_QUEUE;
    const frames = takePages(pages, maxInFlight * FRAME_BYTES);
    this.#frames = new RequestFrames(memory, frames, maxInFlight);
    const control = takePages(pages, CONTROL_FRAME_BYTES + EVENT_FRAME_BYTES);
    const page = takePages(pages, PAGE_BYTES);
    this.#control = new ControlQueue(memory, control, page, PAGE_BYTES);
    this.#control.onBroken = () => this.#fail(CONTROL_QUEUE);
    this.#eventQueue = new EventQueue(memory, control + CONTROL_FRAME_BYTES, (kind, a, b, c) =>
      this.#takeEvent(kind, a, b, c),
    );
    this.#formats = new FormatCache(memory, this.#control, page, PAGE_BYTES);
    this.#slots = new CommandSlots(maxInFlight);
    for (let i = 0; i < transport.queueCount; i++) this.#waiting.push(new IndexFifo(maxInFlight));
    this.#isDirty = new Array<boolean>(transport.queueCount).fill(false);
    this.#kickTask = makeTask(owner, () => this.#kickQueues());
    this.#endTask = makeTask(owner, () => this.#endCommands());
    transport.onCall = (queue) => this.#reap(queue);
    transport.onError = (queue) => this.#fail(queue);
  }

  /** Commands that were submitted and have not ended. */
  get inFlight(): number {
    return this.#slots.count;
  }

  /**
   * Brings the host's end up; the VMM does so before its guest runs.
   *
   * @param ready called when the formats of the namespaces are known, not when the start was refused
   * @returns 0, or the errno of the step that was refused
   */
  start(ready: () => void): VhostErrno {
    assert(this.#state === 'down' || this.#state === 'failed', 'the port is not started');
    const refusal = this.#transport.start();
    if (refusal !== VhostErrno.ok) return refusal;
    this.#control.attach(this.#transport.driver(CONTROL_QUEUE));
    this.#eventQueue.attach(this.#transport.driver(EVENT_QUEUE));
    for (let queue = FIRST_REQUEST_QUEUE; queue < this.#transport.queueCount; queue++) {
      this.#transport.driver(queue).enableCb();
    }
    this.#state = 'held';
    this.#formats.refresh(ready);
    return VhostErrno.ok;
  }

  connect(events: NvmePortEvents): void {
    this.#events = events;
  }

  enable(enable: ControllerEnable): void {
    if (this.#state !== 'held') return;
    this.#control.request(ControlOp.enable, enable.cc, 0, 0, () => {
      if (this.#state !== 'held') return;
      this.#state = 'up';
      for (let queue = FIRST_REQUEST_QUEUE; queue < this.#waiting.length; queue++) {
        this.#sendWaiting(queue);
      }
    });
  }

  namespaceFormat(nsid: number): NamespaceFormat | undefined {
    return this.#formats.get(nsid);
  }

  submit(command: NvmeCommand): void {
    const slot = this.#slots.take(command);
    if (slot < 0) {
      this.#refused.push(command);
      this.#executor.post(this.#endTask);
      return;
    }
    const queue = requestQueueOf(command.queueId, this.#requestQueues);
    const waiting = this.#waiting[queue]!;
    if (this.#state === 'up' && waiting.count === 0 && this.#send(slot, queue)) return;
    if (this.#state === 'up' || this.#state === 'held') {
      waiting.push(slot);
    } else if (this.#state === 'resetting') this.#endLater(slot, NvmeStatus.abortRequested);
    else this.#endLater(slot, NvmeStatus.internalError);
  }

  abort(command: NvmeCommand): AbortResult {
    const slot = this.#slots.find(command);
    if (slot < 0) return AbortResult.unknown;
    const state = this.#slots.state(slot);
    if (state === SlotState.waiting) {
      this.#waiting[requestQueueOf(command.queueId, this.#requestQueues)]!.remove(slot);
      this.#endLater(slot, NvmeStatus.abortRequested);
      return AbortResult.aborted;
    }
    if (state !== SlotState.sent) return AbortResult.tooLate;
    const cid = command.sqe[0]! >>> 16;
    if (!this.#control.request(ControlOp.abort, command.queueId, cid, 0)) {
      return AbortResult.tooLate;
    }
    this.#slots.setState(slot, SlotState.aborting);
    return AbortResult.aborted;
  }

  reportError(queueId: number, cid: number, status: number): void {
    this.#control.request(ControlOp.reportError, queueId, cid, status);
  }

  shutdown(done: () => void): void {
    const isSent = this.#control.request(ControlOp.shutdown, 0, 0, 0, () => this.#runLater(done));
    if (!isSent) this.#runLater(done);
  }

  reset(done: () => void): void {
    this.#resetDones.push(done);
    if (this.#state === 'resetting') return;
    if (this.#state === 'down' || this.#state === 'failed') {
      this.#executor.post(this.#endTask);
      return;
    }
    this.#state = 'resetting';
    this.#endWaiting(NvmeStatus.abortRequested);
    const isSent = this.#control.request(ControlOp.reset, 0, 0, 0, (value) => {
      if (this.#state !== 'resetting') return;
      for (let queue = FIRST_REQUEST_QUEUE; queue < this.#waiting.length; queue++) {
        this.#reap(queue);
      }
      // A host that says it is done and keeps a buffer cannot be waited for.
      if (value < 0 || this.#slots.hasOpen) this.#fail(CONTROL_QUEUE);
      else this.#runLater(() => this.#finishReset());
    });
    if (!isSent) this.#fail(CONTROL_QUEUE);
  }

  /** Puts the command of a slot on its queue, or ends it; false when there is no room now. */
  #send(slot: number, queue: number): boolean {
    const command = this.#slots.command(slot);
    const driver = this.#transport.driver(queue);
    const result = this.#frames.add(driver, slot, command);
    if (result === VirtqueueResult.ok) {
      this.#slots.setState(slot, SlotState.sent);
      this.#tracer?.event(Layer.vmm, 'submit', command.ioId, queue, command.data.byteLength);
      if (!this.#isDirty[queue]) {
        this.#isDirty[queue] = true;
        this.#executor.post(this.#kickTask);
      }
      return true;
    }
    if (result === VirtqueueResult.broken) {
      this.#fail(queue);
      return true;
    }
    if (driver.numFree < driver.vringSize) return false;
    this.#endLater(slot, NvmeStatus.internalError);
    return true;
  }

  #sendWaiting(queue: number): void {
    const waiting = this.#waiting[queue]!;
    for (let slot = waiting.peek(); slot >= 0 && this.#state === 'up'; slot = waiting.peek()) {
      if (!this.#send(slot, queue)) return;
      waiting.remove(slot);
    }
  }

  #kickQueues(): void {
    for (let queue = FIRST_REQUEST_QUEUE; queue < this.#isDirty.length; queue++) {
      if (!this.#isDirty[queue] || this.#isDown) continue;
      this.#isDirty[queue] = false;
      this.#tracer?.event(Layer.vmm, 'kick', 0, queue, 0);
      if (!this.#transport.driver(queue).kick()) this.#fail(queue);
    }
  }

  #reap(queue: number): void {
    if (this.#isDown) return;
    if (queue < FIRST_REQUEST_QUEUE) {
      const served = queue === CONTROL_QUEUE ? this.#control : this.#eventQueue;
      if (!served.reap()) this.#fail(queue);
      return;
    }
    const driver = this.#transport.driver(queue);
    driver.disableCb();
    do {
      for (let slot = driver.getBuf(); slot !== NO_TOKEN; slot = driver.getBuf()) {
        this.#complete(slot, queue, driver.usedLength);
      }
    } while (!driver.isBroken && !driver.enableCb());
    if (driver.isBroken) this.#fail(queue);
    else this.#sendWaiting(queue);
  }

  #complete(slot: number, queue: number, usedLength: number): void {
    const command = this.#slots.command(slot);
    this.#frames.take(slot, command, usedLength);
    if (this.#slots.state(slot) === SlotState.aborting) command.status = NvmeStatus.abortRequested;
    this.#tracer?.event(Layer.vmm, 'complete', command.ioId, queue, command.status);
    this.#slots.end(slot);
  }

  #endLater(slot: number, status: number): void {
    this.#slots.markEnding(slot, status);
    this.#executor.post(this.#endTask);
  }

  #endWaiting(status: number): void {
    for (const waiting of this.#waiting) {
      for (let slot = waiting.shift(); slot >= 0; slot = waiting.shift()) {
        this.#endLater(slot, status);
      }
    }
  }

  #runLater(callback: () => void): void {
    this.#later.push(callback);
    this.#executor.post(this.#endTask);
  }

  #endCommands(): void {
    this.#slots.endMarked();
    const refused = this.#refused;
    const later = this.#later;
    this.#refused = [];
    this.#later = [];
    for (const command of refused) {
      command.status = NvmeStatus.commandInterrupted;
      command.dw0 = 0;
      command.dw1 = 0;
      command.end(command);
    }
    for (const callback of later) callback();
    if (this.#resetDones.length > 0 && this.#isDown && !this.#isStopping) this.#restart();
  }

  /** A queue broke: nothing goes to the host any more, and when it let go of everything, all commands end. */
  #fail(queue: number): void {
    if (this.#isDown) return;
    this.#tracer?.event(Layer.vmm, 'broken', 0, queue, 0);
    this.#state = 'failed';
    this.#isStopping = true;
    this.#isDirty.fill(false);
    this.#control.fail();
    this.#eventQueue.fail();
    this.#transport.stop(() => {
      this.#isStopping = false;
      for (const waiting of this.#waiting) while (waiting.shift() >= 0);
      this.#slots.markAll(NvmeStatus.internalError);
      this.#events?.asyncEvent(FATAL_EVENT.type, FATAL_EVENT.info, FATAL_EVENT.logPage);
      this.#executor.post(this.#endTask);
    });
  }

  #restart(): void {
    if (this.#state === 'failed') this.start(() => {});
    this.#callResetDones();
  }

  #finishReset(): void {
    // The host may have broken meanwhile; then the restart calls back.
    if (this.#state !== 'resetting') return;
    this.#state = 'held';
    this.#callResetDones();
  }

  #callResetDones(): void {
    const dones = this.#resetDones;
    this.#resetDones = [];
    for (const done of dones) done();
  }

  get #isDown(): boolean {
    return this.#state === 'down' || this.#state === 'failed';
  }

  #takeEvent(kind: number, a: number, b: number, c: number): void {
    if (kind === EventKind.asyncEvent) this.#events?.asyncEvent(a, b, c);
    else if (kind === EventKind.namespaceChanged) {
      this.#formats.refresh(() => this.#events?.namespaceChanged(a));
    }
  }
}

function takePages(pages: PageAllocator, byteLength: number): number {
  const count = Math.ceil(byteLength / PAGE_BYTES);
  const gpa = pages.take(count);
  if (gpa < 0) throw new ConfigError('pages', pages.freePages, `${count} free pages for frames`);
  return gpa;
}
