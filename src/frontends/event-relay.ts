/** Events of vhost_nvme on their way to the VMM: each takes one posted buffer; what finds none waits. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import { storeSg } from '../memory/sg-copy.ts';
import { EVENT_BYTES, type EventKind } from '../wire/nvme-virtqueue.ts';

/** Most events that wait for a buffer. */
export const MAX_WAITING_EVENTS = 1024;

interface WaitingEvent {
  readonly kind: EventKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Keeps events until there are buffers; one that waits already is not kept twice. */
export class EventRelay {
  #waiting: WaitingEvent[] = [];
  #missed = 0;
  readonly #words = new Int32Array(EVENT_BYTES / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  /** Does any event wait? */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Events that were lost because too many waited. */
  get missed(): number {
    return this.#missed;
  }

  /** Keeps an event. */
  push(kind: EventKind, a: number, b: number, c: number): void {
    const isSame = (event: WaitingEvent) =>
      event.kind === kind && event.a === a && event.b === b && event.c === c;
    if (this.#waiting.some(isSame)) return;
    if (this.#waiting.length === MAX_WAITING_EVENTS) this.#missed += 1;
    else this.#waiting.push({ kind, a, b, c });
  }

  /** Writes the first event into a chain: bytes written, or 0 when the chain cannot hold it and the event stays. */
  writeTo(memory: GuestMemory, chain: VirtqueueChain): number {
    const event = this.#waiting[0];
    if (event === undefined) return 0;
    this.#words[0] = event.kind;
    this.#words[1] = event.a;
    this.#words[2] = event.b;
    this.#words[3] = event.c;
    if (!storeSg(memory, chain.writable, 0, this.#bytes, 0, EVENT_BYTES)) return 0;
    this.#waiting.shift();
    return EVENT_BYTES;
  }

  /** Forgets all. */
  clear(): void {
    this.#waiting = [];
  }
}
