/** The VMM's end of the control queue: requests with preallocated frames, answered in any order. */
import { IdPool } from '../base/id-pool.ts';
import { IndexFifo } from '../base/index-fifo.ts';
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { NO_TOKEN, type VirtqueueDriver, VirtqueueResult } from '../interfaces/virtqueue.ts';
import { CONTROL_BYTES, type ControlOp, ControlResult } from '../wire/nvme-virtqueue.ts';

/** Most control requests under way. */
export const MAX_CONTROL_SLOTS = 64;
/** Bytes that the frames of a {@link ControlQueue} take. */
export const CONTROL_FRAME_BYTES = MAX_CONTROL_SLOTS * 2 * CONTROL_BYTES;

/** @param value second word of the response; -1 when the host did not do what was asked, or the queue failed */
export type ControlDone = (value: number) => void;

const ignore: ControlDone = () => {};

/** Sends control requests over one virtqueue; those that find no room wait in order. */
export class ControlQueue {
  /** Called when the queue turns out to be broken while something is sent. */
  onBroken: () => void = () => {};
  readonly #memory: GuestMemory;
  readonly #frames: number;
  readonly #page: number;
  readonly #pageBytes: number;
  readonly #ids = new IdPool(MAX_CONTROL_SLOTS);
  readonly #waiting = new IndexFifo(MAX_CONTROL_SLOTS);
  readonly #dones = new Array<ControlDone>(MAX_CONTROL_SLOTS).fill(ignore);
  readonly #usesPage = new Array<boolean>(MAX_CONTROL_SLOTS).fill(false);
  readonly #words = new Int32Array(CONTROL_BYTES / 4);
  readonly #out = new SgList(1);
  readonly #into = new SgList(1);
  #driver: VirtqueueDriver | undefined = undefined;

  /**
   * @param frames address of {@link CONTROL_FRAME_BYTES}
   * @param page address of a response of `pageBytes`, for one request at a time
   */
  constructor(memory: GuestMemory, frames: number, page: number, pageBytes: number) {
    this.#memory = memory;
    this.#frames = frames;
    this.#page = page;
    this.#pageBytes = pageBytes;
  }

  /** A new life of the queue begins on `driver`; nothing is under way. */
  attach(driver: VirtqueueDriver): void {
    this.#driver = driver;
    driver.enableCb();
  }

  /**
   * Sends a request. False when too many are under way, or the queue is down.
   *
   * @param usesPage the response goes to the page
   */
  request(
    op: ControlOp,
    a: number,
    b: number,
    c: number,
    done: ControlDone = ignore,
    usesPage = false,
  ): boolean {
    const id = this.#driver === undefined ? -1 : this.#ids.take();
    if (id < 0) return false;
    this.#words[0] = op;
    this.#words[1] = a;
    this.#words[2] = b;
    this.#words[3] = c;
    this.#memory.storeWords(this.#frameOf(id), this.#words, 0, CONTROL_BYTES / 4);
    this.#dones[id] = done;
    this.#usesPage[id] = usesPage;
    this.#waiting.push(id);
    this.#send();
    return true;
  }

  /** Takes answers and sends what waits. False when the queue is broken. */
  reap(): boolean {
    const driver = this.#driver;
    if (driver === undefined) return true;
    do {
      for (let id = driver.getBuf(); id !== NO_TOKEN; id = driver.getBuf()) {
        this.#answer(id, driver.usedLength);
        // The answer may have ended this life of the queue.
        if (this.#driver !== driver) return true;
      }
    } while (!driver.isBroken && !driver.enableCb());
    this.#send();
    return !driver.isBroken;
  }

  /** The queue is gone: all requests under way end with -1. */
  fail(): void {
    this.#driver = undefined;
    while (this.#waiting.shift() >= 0);
    for (let id = 0; id < MAX_CONTROL_SLOTS; id++) {
      if (this.#ids.isTaken(id)) this.#finish(id, -1);
    }
  }

  #send(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    let isAdded = false;
    for (let id = this.#waiting.peek(); id >= 0; id = this.#waiting.peek()) {
      this.#out.clear();
      this.#into.clear();
      this.#out.pushAddress(this.#frameOf(id), CONTROL_BYTES);
      if (this.#usesPage[id]) this.#into.pushAddress(this.#page, this.#pageBytes);
      else this.#into.pushAddress(this.#frameOf(id) + CONTROL_BYTES, CONTROL_BYTES);
      if (driver.addSgs(this.#out, this.#into, id) !== VirtqueueResult.ok) break;
      this.#waiting.shift();
      isAdded = true;
    }
    if (isAdded) driver.kick();
    if (driver.isBroken) this.onBroken();
  }

  #answer(id: number, usedLength: number): void {
    const at = this.#usesPage[id] ? this.#page : this.#frameOf(id) + CONTROL_BYTES;
    this.#memory.loadWords(at, this.#words, 0, CONTROL_BYTES / 4);
    const isDone = usedLength >= CONTROL_BYTES && this.#words[0] === ControlResult.ok;
    this.#finish(id, isDone ? this.#words[1]! : -1);
  }

  #finish(id: number, value: number): void {
    const done = this.#dones[id]!;
    this.#dones[id] = ignore;
    this.#ids.give(id);
    done(value);
  }

  #frameOf(id: number): number {
    return this.#frames + id * 2 * CONTROL_BYTES;
  }
}
