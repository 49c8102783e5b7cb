/** Asynchronous events: the requests that are held, and the events that wait for one. NVMe Base 2.0, 5.2. */
import { SqeWord } from '../wire/nvme-entries.ts';
import { AdminOpcode, AsyncEventType } from '../wire/nvme-opcodes.ts';

/** Events that are kept while no request is there to carry them; the same event is kept once. */
const MAX_PENDING = 16;

/** Pairs events with Asynchronous Event Requests. It only keeps the books; the owner posts the completions. */
export class AsyncEvents {
  /** Feature 0Bh: which events the host wants to hear of. */
  config = 0;
  readonly #held: Uint16Array;
  #heldCount = 0;
  readonly #pending = new Int32Array(MAX_PENDING);
  #pendingCount = 0;
  /** By event type: log page + 1 that must be read before the next event of that type, or 0. */
  readonly #masked = new Uint16Array(8);

  constructor(limit: number) {
    this.#held = new Uint16Array(limit);
  }

  /** Is there an event that a held request could carry now? */
  get isReady(): boolean {
    return this.#heldCount > 0 && this.#next() >= 0;
  }

  /** Holds a request; false when the limit is reached. */
  hold(cid: number): boolean {
    if (this.#heldCount === this.#held.length) return false;
    this.#held[this.#heldCount++] = cid;
    return true;
  }

  /** Lets go of the request `cid`; false when it is not held. */
  release(cid: number): boolean {
    const at = this.#held.subarray(0, this.#heldCount).indexOf(cid);
    if (at < 0) return false;
    this.#held.copyWithin(at, at + 1, this.#heldCount);
    this.#heldCount -= 1;
    return true;
  }

  /** Adds an event unless the configuration leaves it out, it waits already, or too many wait. */
  add(type: number, info: number, logPage: number): void {
    if (!this.#isWanted(type, info)) return;
    const dw0 = (type & 7) | ((info & 0xff) << 8) | ((logPage & 0xff) << 16);
    for (let i = 0; i < this.#pendingCount; i++) if (this.#pending[i] === dw0) return;
    if (this.#pendingCount < MAX_PENDING) this.#pending[this.#pendingCount++] = dw0;
  }

  /** The cid of the request that carries the next event; call {@link AsyncEvents.takeEvent} for the event. Only when ready. */
  takeRequest(): number {
    const cid = this.#held[0]!;
    this.release(cid);
    return cid;
  }

  /** Takes the next event as completion dword 0 and masks its type until its log page is read. Only when ready. */
  takeEvent(): number {
    const at = this.#next();
    const dw0 = this.#pending[at]!;
    this.#pending.copyWithin(at, at + 1, this.#pendingCount);
    this.#pendingCount -= 1;
    const type = dw0 & 7;
    if (type !== AsyncEventType.immediate) this.#masked[type] = ((dw0 >>> 16) & 0xff) + 1;
    return dw0;
  }

  /** A log page was read without Retain Asynchronous Event: events of its type may be reported again. */
  logRead(logPage: number): void {
    for (let type = 0; type < 8; type++) {
      if (this.#masked[type] === logPage + 1) this.#masked[type] = 0;
    }
  }

  /**
   * An admin command succeeded: a log page that was read without Retain Asynchronous Event (dword 10 bit 15) lets events of its type
   * through again. True when one could go out now.
   */
  commandSucceeded(sqe: Int32Array): boolean {
    const cdw10 = sqe[SqeWord.cdw10]!;
    if ((sqe[0]! & 0xff) !== AdminOpcode.getLogPage || (cdw10 & 0x8000) !== 0) return false;
    this.logRead(cdw10 & 0xff);
    return this.isReady;
  }

  /** As after a controller reset. */
  reset(): void {
    this.config = 0;
    this.#heldCount = 0;
    this.#pendingCount = 0;
    this.#masked.fill(0);
  }

  #next(): number {
    for (let i = 0; i < this.#pendingCount; i++) {
      if (this.#masked[this.#pending[i]! & 7] === 0) return i;
    }
    return -1;
  }

  /** NVMe Base 2.0, 5.27.1.9: SMART events by critical warning bit, notices from bit 8 on. */
  #isWanted(type: number, info: number): boolean {
    if (type === AsyncEventType.smart && info <= 2) return ((this.config >>> (2 - info)) & 1) !== 0;
    if (type === AsyncEventType.notice && info <= 7)
      return ((this.config >>> (8 + info)) & 1) !== 0;
    return true;
  }
}
