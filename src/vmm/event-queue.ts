/** The VMM's end of the event queue: buffers that the host fills, each posted again when it was read. */
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { NO_TOKEN, type VirtqueueDriver, VirtqueueResult } from '../interfaces/virtqueue.ts';
import { EVENT_BYTES } from '../wire/nvme-virtqueue.ts';

/** Event buffers that are posted, as far as the ring holds them. */
export const EVENT_BUFFERS = 16;
/** Bytes that the buffers of an {@link EventQueue} take. */
export const EVENT_FRAME_BYTES = EVENT_BUFFERS * EVENT_BYTES;

/** Takes an event: its kind and three arguments, any numbers. */
export type EventHandler = (kind: number, a: number, b: number, c: number) => void;

/** Posts buffers and hands on what the host writes into them. */
export class EventQueue {
  readonly #memory: GuestMemory;
  readonly #frames: number;
  readonly #handler: EventHandler;
  readonly #words = new Int32Array(EVENT_BYTES / 4);
  readonly #out = new SgList(1);
  readonly #into = new SgList(1);
  #driver: VirtqueueDriver | undefined = undefined;

  /** @param frames address of {@link EVENT_FRAME_BYTES} */
  constructor(memory: GuestMemory, frames: number, handler: EventHandler) {
    this.#memory = memory;
    this.#frames = frames;
    this.#handler = handler;
  }

  /** A new life of the queue begins on `driver`: posts the buffers. */
  attach(driver: VirtqueueDriver): void {
    this.#driver = driver;
    for (let index = 0; index < EVENT_BUFFERS && this.#post(driver, index); index++);
    driver.enableCb();
    driver.kick();
  }

  /** Hands on what arrived. False when the queue is broken. */
  reap(): boolean {
    const driver = this.#driver;
    if (driver === undefined) return true;
    let isPosted = false;
    do {
      for (let index = driver.getBuf(); index !== NO_TOKEN; index = driver.getBuf()) {
        const isWhole =
          driver.usedLength === EVENT_BYTES &&
          this.#memory.loadWords(this.#bufferOf(index), this.#words, 0, EVENT_BYTES / 4);
        isPosted = this.#post(driver, index) || isPosted;
        if (!isWhole) continue;
        this.#handler(this.#words[0]!, this.#words[1]!, this.#words[2]!, this.#words[3]!);
        if (this.#driver !== driver) return true;
      }
    } while (!driver.isBroken && !driver.enableCb());
    if (isPosted) driver.kick();
    return !driver.isBroken;
  }

  /** The queue is gone. */
  fail(): void {
    this.#driver = undefined;
  }

  #post(driver: VirtqueueDriver, index: number): boolean {
    this.#into.clear();
    this.#into.pushAddress(this.#bufferOf(index), EVENT_BYTES);
    return driver.addSgs(this.#out, this.#into, index) === VirtqueueResult.ok;
  }

  #bufferOf(index: number): number {
    return this.#frames + index * EVENT_BYTES;
  }
}
