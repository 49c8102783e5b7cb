/**
 * vhost_nvme: the host's end of NVMe over virtqueues. Request chains become NVMe commands for the target of the endpoint,
 * and completions become used buffers.
 *
 * Nothing that a VMM puts into a ring throws or reaches memory outside the table: a chain without room for a completion goes back with
 * nothing written, any other broken frame with Internal Error, an unknown control request with `unknownOp`.
 */
import { assert } from '../base/assert.ts';
import { IdPool } from '../base/id-pool.ts';
import { IndexFifo } from '../base/index-fifo.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type {
  NvmeCommand,
  NvmeCommandPort,
  NvmePortEvents,
} from '../interfaces/nvme-command-port.ts';
import { AbortResult } from '../interfaces/request.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import {
  type VhostBackend,
  VhostErrno,
  type VhostHost,
  type VhostNvmeEndpoint,
  type VhostWork,
} from '../interfaces/vhost.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import { makeTask } from '../sim/task.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import {
  COMPLETION_BYTES,
  CONTROL_QUEUE,
  ControlOp,
  ControlResult,
  EVENT_QUEUE,
  EventKind,
  FIRST_REQUEST_QUEUE,
} from '../wire/nvme-virtqueue.ts';
import { ControlRequest } from './control-request.ts';
import { EventRelay } from './event-relay.ts';
import { NO_COMPLETION, RequestFrame } from './request-frame.ts';

/** Most control requests in flight at the host; more wait in the ring. */
export const MAX_CONTROL_REQUESTS = 64;

/** How a {@link VhostNvme} is made. */
export interface VhostNvmeOptions {
  /**
   * Receives `submit` (a = virtqueue, b = data bytes), `complete` (a = virtqueue, b = status), `malformed` (a = virtqueue),
   * `control` (a = operation, b = first argument) and `event` (a = kind, b = first argument).
   */
  tracer?: Tracer;
  /** Owner of its tasks. */
  owner?: string;
}

/** What a {@link VhostNvme} counts. */
export interface VhostNvmeCounters {
  /** Commands handed to the target. */
  submitted: number;
  /** Completions written. */
  completed: number;
  /** Chains that were no frame, and completions that found no memory. */
  malformed: number;
}

type EndpointState = 'none' | 'set' | 'clearing';

/** The backend of a vhost device that serves one NVMe controller of one VMM. */
export class VhostNvme implements VhostBackend, VhostNvmeEndpoint {
  readonly counters: VhostNvmeCounters = { submitted: 0, completed: 0, malformed: 0 };
  readonly #executor: Executor;
  readonly #tracer: Tracer | undefined;
  readonly #clearTask: Task;
  readonly #work: CompletionWork;
  readonly #events = new EventRelay();
  readonly #controls: ControlRequest[] = [];
  readonly #controlIds = new IdPool(MAX_CONTROL_REQUESTS);
  readonly #words = new Int32Array(COMPLETION_BYTES / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #host: VhostHost | undefined = undefined;
  #target: NvmeCommandPort | undefined = undefined;
  #state: EndpointState = 'none';
  #frames: RequestFrame[] = [];
  #frameIds = new IdPool(0);
  /** Rings that wait for a free frame. */
  #starved: number[] = [];
  /** Control requests that wait for the end of a reset. */
  #resets: number[] = [];
  #targetIsResetting = false;
  #cleared: (() => void) | undefined = undefined;

  constructor(executor: Executor, options: VhostNvmeOptions = {}) {
    this.#executor = executor;
    this.#tracer = options.tracer;
    this.#clearTask = makeTask(options.owner ?? 'vhost-nvme', () => this.#finishClear());
    this.#work = new CompletionWork((index) => this.#complete(index));
    for (let i = 0; i < MAX_CONTROL_REQUESTS; i++) this.#controls.push(new ControlRequest());
  }

  /** Requests that the target holds or whose completion is not written yet. */
  get inFlight(): number {
    return this.#frameIds.capacity - this.#frameIds.freeCount;
  }

  attach(host: VhostHost): void {
    assert(this.#host === undefined, 'a backend belongs to one device');
    assert(host.ringCount > FIRST_REQUEST_QUEUE, 'control, events and one request queue at least');
    this.#host = host;
  }

  setEndpoint(target: NvmeCommandPort): VhostErrno {
    if (this.#state !== 'none') return VhostErrno.exists;
    const host = this.#host!;
    const refusal = host.startRings();
    if (refusal !== VhostErrno.ok) return refusal;
    this.#makeFrames(target.limits.maxInFlight);
    this.#target = target;
    this.#state = 'set';
    target.connect(this.#eventsOf(target));
    return VhostErrno.ok;
  }

  clearEndpoint(done: () => void): VhostErrno {
    if (this.#state === 'none') return VhostErrno.noDevice;
    if (this.#state === 'clearing') return VhostErrno.busy;
    const host = this.#host!;
    this.#state = 'clearing';
    this.#cleared = done;
    for (let ring = 0; ring < host.ringCount; ring++) host.pause(ring, true);
    this.#resetTarget();
    return VhostErrno.ok;
  }

  handleChain(ring: number, chain: VirtqueueChain): boolean {
    if (this.#state !== 'set') return false;
    if (ring >= FIRST_REQUEST_QUEUE) return this.#takeRequest(ring, chain);
    return ring === CONTROL_QUEUE ? this.#takeControl(chain) : this.#takeEventBuffer(chain);
  }

  #takeRequest(ring: number, chain: VirtqueueChain): boolean {
    const index = this.#frameIds.take();
    if (index < 0) {
      this.#starved.push(ring);
      return false;
    }
    const frame = this.#frames[index]!;
    const status = frame.parse(this.#host!.memory, this.#target!, ring, chain);
    if (status === NvmeStatus.success && this.#resets.length === 0) {
      this.counters.submitted += 1;
      this.#tracer?.event(Layer.frontend, 'submit', frame.ioId, ring, frame.data.byteLength);
      frame.isLive = true;
      this.#target!.submit(frame);
      return true;
    }
    if (status === NO_COMPLETION) {
      this.#frameIds.give(index);
      this.#returnMalformed(ring, chain);
      return true;
    }
    if (status !== NvmeStatus.success) this.#noteMalformed(frame.ioId, ring);
    frame.status = status === NvmeStatus.success ? NvmeStatus.abortRequested : status;
    frame.dw0 = 0;
    frame.dw1 = 0;
    this.#finish(index);
    return true;
  }

  #takeControl(chain: VirtqueueChain): boolean {
    const index = this.#controlIds.take();
    if (index < 0) {
      this.#starved.push(CONTROL_QUEUE);
      return false;
    }
    const control = this.#controls[index]!;
    if (!control.parse(this.#host!.memory, chain)) {
      this.#controlIds.give(index);
      this.#returnMalformed(CONTROL_QUEUE, chain);
      return true;
    }
    this.#tracer?.event(Layer.frontend, 'control', 0, control.op, control.a);
    this.#execute(index, control);
    return true;
  }

  #takeEventBuffer(chain: VirtqueueChain): boolean {
    if (this.#events.isEmpty) return false;
    const written = this.#events.writeTo(this.#host!.memory, chain);
    if (written === 0) this.#returnMalformed(EVENT_QUEUE, chain);
    else this.#host!.addUsed(EVENT_QUEUE, chain.id, chain.descriptorCount, written);
    return true;
  }

  #execute(index: number, control: ControlRequest): void {
    const target = this.#target!;
    if (control.op === ControlOp.shutdown) {
      target.shutdown(() => this.#finish(this.#frames.length + index));
      return;
    }
    if (control.op === ControlOp.reset) {
      this.#resets.push(index);
      this.#resetTarget();
      return;
    }
    if (control.op === ControlOp.enable) target.enable({ cc: control.a });
    else if (control.op === ControlOp.abort) control.value = this.#abort(control.a, control.b);
    else if (control.op === ControlOp.reportError) {
      target.reportError(control.a & 0xffff, control.b & 0xffff, control.c & 0x7fff);
    } else if (control.op !== ControlOp.formats) {
      control.result = ControlResult.unknownOp;
      this.#noteMalformed(0, CONTROL_QUEUE);
    }
    this.#finish(this.#frames.length + index);
  }

  #abort(queueId: number, cid: number): AbortResult {
    const ioId = (queueId & 0xffff) * 0x1_0000 + (cid & 0xffff);
    for (const frame of this.#frames) {
      if (frame.isLive && frame.ioId === ioId) return this.#target!.abort(frame);
    }
    return AbortResult.unknown;
  }

  /** Ends what the target holds. While a control request waits for it, requests that arrive are aborted here. */
  #resetTarget(): void {
    if (this.#targetIsResetting) return;
    this.#targetIsResetting = true;
    this.#drainRequests();
    this.#target!.reset(() => {
      this.#targetIsResetting = false;
      this.#settle();
    });
  }

  #drainRequests(): void {
    if (this.#state !== 'set') return;
    const host = this.#host!;
    for (let ring = FIRST_REQUEST_QUEUE; ring < host.ringCount; ring++) host.drain(ring);
  }

  /** Goes on with a reset or a clear when nothing is in flight any more. */
  #settle(): void {
    if (this.#targetIsResetting || this.inFlight > 0) return;
    if (this.#resets.length > 0) {
      // Chains that found no free frame before are ended too.
      this.#drainRequests();
      if (this.inFlight > 0) return;
      for (const index of this.#resets) this.#finish(this.#frames.length + index);
      this.#resets = [];
    }
    if (this.#state === 'clearing' && this.#controlIds.freeCount === MAX_CONTROL_REQUESTS) {
      this.#executor.post(this.#clearTask);
    }
  }

  #finishClear(): void {
    const cleared = this.#cleared!;
    this.#host!.stopRings();
    this.#state = 'none';
    this.#target = undefined;
    this.#cleared = undefined;
    this.#starved = [];
    this.#events.clear();
    cleared();
  }

  /** A frame or (from `frames.length` on) a control request is done: its completion waits for the worker. */
  #finish(index: number): void {
    this.#work.done.push(index);
    this.#host!.queueWork(this.#work);
  }

  #complete(index: number): void {
    const host = this.#host!;
    if (index >= this.#frames.length) {
      const control = this.#controls[index - this.#frames.length]!;
      const written = control.complete(host.memory, this.#target!);
      if (written === 0) this.#noteMalformed(0, CONTROL_QUEUE);
      host.addUsed(CONTROL_QUEUE, control.chainId, control.descriptorCount, written);
      this.#controlIds.give(index - this.#frames.length);
    } else {
      const frame = this.#frames[index]!;
      const isWritten = frame.complete(this.#words, this.#bytes);
      if (!isWritten) this.#noteMalformed(frame.ioId, frame.ring);
      this.counters.completed += 1;
      this.#tracer?.event(Layer.frontend, 'complete', frame.ioId, frame.ring, frame.status);
      const written = isWritten ? frame.writableBytes : 0;
      host.addUsed(frame.ring, frame.chainId, frame.descriptorCount, written);
      this.#frameIds.give(index);
    }
    if (this.#starved.length > 0) this.#wakeStarved();
    if (this.#resets.length > 0 || this.#state === 'clearing') this.#settle();
  }

  #wakeStarved(): void {
    const rings = this.#starved;
    this.#starved = [];
    if (this.#state !== 'set') return;
    for (const ring of rings) this.#host!.pause(ring, false);
  }

  #returnMalformed(ring: number, chain: VirtqueueChain): void {
    this.#noteMalformed(0, ring);
    this.#host!.addUsed(ring, chain.id, chain.descriptorCount, 0);
  }

  #noteMalformed(ioId: number, ring: number): void {
    this.counters.malformed += 1;
    this.#tracer?.event(Layer.frontend, 'malformed', ioId, ring, 0);
  }

  #makeFrames(count: number): void {
    if (this.#frames.length === count) return;
    const memory = this.#host!.memory;
    this.#frames = [];
    const end = (command: NvmeCommand): void => {
      const frame = command as RequestFrame;
      frame.isLive = false;
      this.#finish(frame.index);
    };
    for (let index = 0; index < count; index++) {
      this.#frames.push(new RequestFrame(memory, end, index));
    }
    this.#frameIds = new IdPool(count);
    this.#work.done = new IndexFifo(count + MAX_CONTROL_REQUESTS);
  }

  #eventsOf(target: NvmeCommandPort): NvmePortEvents {
    const relay = (kind: EventKind, a: number, b: number, c: number): void => {
      // An earlier target may still speak; nobody listens to it.
      if (this.#target !== target || this.#state !== 'set') return;
      this.#tracer?.event(Layer.frontend, 'event', 0, kind, a);
      this.#events.push(kind, a, b, c);
      this.#host!.pause(EVENT_QUEUE, false);
    };
    return {
      asyncEvent: (type, info, logPage) => relay(EventKind.asyncEvent, type, info, logPage),
      namespaceChanged: (nsid) => relay(EventKind.namespaceChanged, nsid, 0, 0),
    };
  }
}

/** What ended and is not written yet, in order. */
class CompletionWork implements VhostWork {
  queued = false;
  done = new IndexFifo(MAX_CONTROL_REQUESTS);
  readonly #complete: (index: number) => void;
  #taken = -1;

  constructor(complete: (index: number) => void) {
    this.#complete = complete;
  }

  take(): boolean {
    this.#taken = this.done.shift();
    return this.#taken >= 0;
  }

  apply(): void {
    this.#complete(this.#taken);
  }

  putBack(): void {}
}
