/**
 * Shadow doorbells and event indices: what Doorbell Buffer Config names. NVMe Base 2.0, 5.8 and B.5.
 *
 * The host writes a doorbell's value into the shadow buffer, and the register too when it passes the event index. So an index is armed
 * exactly when the controller would sleep over the queue: a submission queue when it is empty, a completion queue when it is full.
 * After an index is armed the shadow is read once more: what the host wrote in between is not lost.
 */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { CompletionQueue, SubmissionQueue } from './queues.ts';

/**
 * When the event index of a submission queue is armed: `empty` whenever the queue is found empty; `idle` only when none of its
 * commands is in flight either, and until then the controller looks for itself, at each completion and after a while.
 */
export type EventIndexPolicy = 'empty' | 'idle';

/** What a look into a shadow found. */
export const ShadowLook = { same: 0, moved: 1, bad: 2 } as const;

/** The two buffers of one controller. */
export class DoorbellBuffer {
  readonly policy: EventIndexPolicy;
  /** Completion queues are watched at each move of their head: pin-based interrupts follow from it. */
  watchHeads = false;
  readonly #memory: GuestMemory;
  readonly #strideShift: number;
  #shadows = -1;
  #events = -1;
  #pageBytes = 0;

  /** @param strideShift one doorbell takes `1 << strideShift` bytes, in the buffers as in BAR0 */
  constructor(memory: GuestMemory, strideShift: number, policy: EventIndexPolicy) {
    this.#memory = memory;
    this.#strideShift = strideShift;
    this.policy = policy;
  }

  /** The host has named its buffers. */
  get isOn(): boolean {
    return this.#shadows >= 0;
  }

  /** Takes buffers of `pageBytes` each and clears them; false, and no change, when they are not wholly mapped. */
  configure(shadows: number, events: number, pageBytes: number): boolean {
    const memory = this.#memory;
    if (!memory.isMapped(shadows, pageBytes) || !memory.isMapped(events, pageBytes)) return false;
    memory.fill(shadows, 0, pageBytes);
    memory.fill(events, 0, pageBytes);
    this.#shadows = shadows;
    this.#events = events;
    this.#pageBytes = pageBytes;
    return true;
  }

  /** As after a controller reset: no buffers. */
  reset(): void {
    this.#shadows = -1;
    this.#events = -1;
  }

  /**
   * Gives a submission queue its place in the buffers, which starts as a copy of its doorbell. A queue whose place would lie beyond the
   * page has its doorbell alone.
   */
  attachSubmission(sq: SubmissionQueue): void {
    if (!this.isOn || sq.id === 0) return;
    const at = (2 * sq.id) << this.#strideShift;
    if (at >= this.#pageBytes) return;
    sq.shadowAt = this.#shadows + at;
    sq.eventAt = this.#events + at;
    this.#memory.write32(sq.shadowAt, sq.tail);
    this.#memory.write32(sq.eventAt, sq.tail);
  }

  /** Gives a completion queue its place in the buffers, as {@link DoorbellBuffer.attachSubmission}. */
  attachCompletion(cq: CompletionQueue): void {
    if (!this.isOn || cq.id === 0) return;
    const at = (2 * cq.id + 1) << this.#strideShift;
    if (at >= this.#pageBytes) return;
    cq.shadowAt = this.#shadows + at;
    cq.eventAt = this.#events + at;
    this.#memory.write32(cq.shadowAt, cq.head);
    this.#armHead(cq, this.watchHeads);
  }

  /** Takes the tail of an empty queue from its shadow; arms its event index when there is nothing new. */
  pullTail(sq: SubmissionQueue): number {
    const look = this.#readTail(sq);
    if (look !== ShadowLook.same) return look;
    const isArmed = this.policy === 'empty' || sq.inFlight === 0;
    this.#memory.write32(sq.eventAt, isArmed ? sq.tail : (sq.tail - 1) & 0xffff);
    return this.#readTail(sq);
  }

  /** Takes the head of a full queue from its shadow; arms its event index when there is nothing new. */
  pullHead(cq: CompletionQueue): number {
    let look = this.#readHead(cq);
    if (look === ShadowLook.same) {
      this.#armHead(cq, true);
      look = this.#readHead(cq);
    }
    if (look === ShadowLook.moved) this.#armHead(cq, this.watchHeads);
    return look;
  }

  #readTail(sq: SubmissionQueue): number {
    const tail = this.#memory.read32(sq.shadowAt) & 0xffff;
    if (tail === sq.tail) return ShadowLook.same;
    return sq.advance(tail) ? ShadowLook.moved : ShadowLook.bad;
  }

  #readHead(cq: CompletionQueue): number {
    const head = this.#memory.read32(cq.shadowAt) & 0xffff;
    if (head === cq.head) return ShadowLook.same;
    return cq.consume(head) ? ShadowLook.moved : ShadowLook.bad;
  }

  /** Armed, the next move of the head rings; not armed, the index lies one behind, where no move passes it. */
  #armHead(cq: CompletionQueue, isArmed: boolean): void {
    this.#memory.write32(cq.eventAt, isArmed ? cq.head : (cq.head - 1) & 0xffff);
  }
}
