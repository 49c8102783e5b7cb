/**
 * Asynchronous events: requests for them are kept with the controller, and what they tell is followed up. NVMe Base 2.0, 5.2.
 *
 * The log page that an event names is read, which lets the controller report events of that type again; a changed namespace list is
 * scanned. A controller that answers without end is heard only so often in a millisecond.
 */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import { makeTask } from '../sim/task.ts';
import { AdminOpcode, AsyncEventType, LogPage } from '../wire/nvme-opcodes.ts';
import type { AdminChannel } from './admin-channel.ts';
import type { NamespaceScan } from './namespace-scan.ts';
import { makeRawRequest } from './raw-request.ts';

/** Most Asynchronous Event Requests that are kept with the controller. */
const MAX_EVENT_REQUESTS = 4;
/** Events that are heard in one span; further ones wait with the controller for the next. */
const EVENTS_PER_SPAN = 64;
const SPAN_NS = 1_000_000;
/** Bytes of a log page that are read: all of the list of changed namespaces, the head of every other page. */
const LIST_BYTES = 4096;
const HEAD_BYTES = 512;
const NO_EVENT = -1;

/** An asynchronous event as completion dword 0 tells it. NVMe Base 2.0, figure 145. */
export interface NvmeAsyncEvent {
  /** One of `AsyncEventType`. */
  readonly type: number;
  readonly info: number;
  /** The log page that says more. */
  readonly logPage: number;
}

/** What the listener needs of the driver. */
export interface EventHost {
  /** Puts a request on the admin queue that may stay for any time, and rings; false when the queue is full. */
  submit(request: NvmeHostRequest): boolean;
  /** An event came. */
  heard(event: NvmeAsyncEvent): void;
  /** The namespaces were scanned again. */
  scanned(namespaces: readonly NvmeNamespaceInfo[]): void;
}

/** Keeps Asynchronous Event Requests outstanding. */
export class EventListener {
  readonly #executor: Executor;
  readonly #channel: AdminChannel;
  readonly #scan: NamespaceScan;
  readonly #host: EventHost;
  readonly #task: Task;
  /** Requests that are not with the controller. */
  readonly #idle: NvmeHostRequest[] = [];
  /** By event type: dword 0 of an event whose log page was not read yet. */
  readonly #pending = new Int32Array(8).fill(NO_EVENT);
  #listening = false;
  #spanNs = 0;
  #heardInSpan = 0;

  constructor(
    executor: Executor,
    channel: AdminChannel,
    scan: NamespaceScan,
    host: EventHost,
    owner: string,
  ) {
    this.#executor = executor;
    this.#channel = channel;
    this.#scan = scan;
    this.#host = host;
    this.#task = makeTask(owner, () => this.#ask(), true);
  }

  /** Sends `count` requests, at most 4. */
  start(count: number): void {
    this.#listening = true;
    this.#idle.length = 0;
    for (let i = 0; i < Math.min(count, MAX_EVENT_REQUESTS); i++) {
      const { asyncEventRequest } = AdminOpcode;
      this.#idle.push(makeRawRequest(asyncEventRequest, (request) => this.#ended(request)));
    }
    this.#ask();
  }

  /** Hears nothing more: the controller is being reset or shut down. */
  stop(): void {
    this.#listening = false;
    this.#pending.fill(NO_EVENT);
    this.#executor.cancel(this.#task);
  }

  /** Completions of the admin queue were reaped: what they told is followed up, and so is what found no room before. */
  pump(): void {
    if (!this.#listening || this.#channel.isBusy) return;
    const type = this.#pending.findIndex((each) => each !== NO_EVENT);
    if (type < 0) return;
    const dw0 = this.#pending[type]!;
    const logPage = (dw0 >>> 16) & 0xff;
    const isList = type === AsyncEventType.notice && logPage === LogPage.changedNamespaces;
    const dwords = (isList ? LIST_BYTES : HEAD_BYTES) / 4;
    const cdw10 = logPage | ((dwords - 1) << 16);
    const { page } = this.#channel;
    const all = 0xffff_ffff;
    const sent = this.#channel.send(AdminOpcode.getLogPage, all, cdw10, 0, [page], () => {
      if (isList) this.#rescan();
      else this.pump();
    });
    if (sent) this.#pending[type] = NO_EVENT;
  }

  #ended(request: NvmeHostRequest): void {
    // An error means that the controller takes no more of them; a reset ends them too, and starts anew.
    if (!this.#listening || request.status !== 0) return;
    this.#idle.push(request);
    const { dw0 } = request;
    const event = { type: dw0 & 7, info: (dw0 >>> 8) & 0xff, logPage: (dw0 >>> 16) & 0xff };
    this.#pending[event.type] = dw0 & 0xff_ffff;
    this.#heardInSpan += 1;
    this.#ask();
    this.#host.heard(event);
  }

  /** Sends the requests that are not with the controller, now or when the span is over. */
  #ask(): void {
    const { now } = this.#executor;
    if (now >= this.#spanNs + SPAN_NS) {
      this.#spanNs = now;
      this.#heardInSpan = 0;
    }
    if (this.#heardInSpan >= EVENTS_PER_SPAN) {
      this.#executor.schedule(this.#task, this.#spanNs + SPAN_NS);
      return;
    }
    while (this.#listening && this.#idle.length > 0) {
      const request = this.#idle.pop()!;
      if (this.#host.submit(request)) continue;
      this.#idle.push(request);
      return;
    }
  }

  #rescan(): void {
    if (!this.#listening) return;
    this.#scan.run((error, namespaces) => {
      if (!this.#listening) return;
      if (error === undefined) this.#host.scanned(namespaces);
      this.pump();
    });
  }
}
