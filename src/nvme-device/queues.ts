/** The controller's view of its queues. NVMe Base 2.0, 3.3.1. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { CQE_BYTES } from '../wire/nvme-entries.ts';

/** A completion queue. `head` follows the host's doorbell, `tail` what was posted. */
export class CompletionQueue {
  readonly id: number;
  /** First address. */
  readonly base: number;
  /** Entries. */
  readonly size: number;
  /** Interrupt vector. */
  readonly vector: number;
  /** New entries raise the vector. */
  readonly interruptEnabled: boolean;
  head = 0;
  tail = 0;
  /** Phase tag of the next entry. */
  phase = 1;
  /** Entries that are neither unread nor promised to a command in flight: a command is fetched only against one of these. */
  room: number;
  /** Something waits for room. */
  blocked = false;
  /** Submission queues that complete here. */
  submissionQueueCount = 0;
  /** Where its head doorbell has a shadow, -1 for nowhere, and the event index beside it. */
  shadowAt = -1;
  eventAt = -1;

  constructor(id: number, base: number, size: number, vector: number, interruptEnabled: boolean) {
    this.id = id;
    this.base = base;
    this.size = size;
    this.vector = vector;
    this.interruptEnabled = interruptEnabled;
    this.room = size - 1;
  }

  /** The host's doorbell: takes what it consumed; false, and no change, when that is more than was posted. */
  consume(head: number): boolean {
    if (head >= this.size) return false;
    const consumed = ringDistance(this.head, head, this.size);
    if (consumed > ringDistance(this.head, this.tail, this.size)) return false;
    this.head = head;
    this.room += consumed;
    return true;
  }

  /** Writes an entry of four words, whose last one still lacks the phase tag; false when the memory is unmapped. */
  post(memory: GuestMemory, words: Int32Array): boolean {
    words[3]! |= this.phase << 16;
    if (!memory.storeWords(this.base + this.tail * CQE_BYTES, words, 0, 4)) return false;
    this.tail += 1;
    if (this.tail === this.size) {
      this.tail = 0;
      this.phase ^= 1;
    }
    return true;
  }
}

/** A submission queue. `tail` follows the host's doorbell, `head` what was fetched. */
export class SubmissionQueue {
  readonly id: number;
  /** First address. */
  readonly base: number;
  /** Entries. */
  readonly size: number;
  /** Where its commands complete. */
  readonly cq: CompletionQueue;
  head = 0;
  tail = 0;
  /** Commands that were fetched and are not completed. */
  inFlight = 0;
  /** A Delete I/O Submission Queue command waits for `inFlight` to become 0. */
  deleting = false;
  /** Entries that its next fetch takes: two when a fused pair waits at the head. */
  need = 1;
  /** Where its tail doorbell has a shadow, -1 for nowhere, and the event index beside it. */
  shadowAt = -1;
  eventAt = -1;
  /** The last impossible value that its shadow held; each is an error once. */
  badTail = -1;
  /** Priority class (QPRIO); counts with weighted arbitration only. */
  readonly priority: number;
  /** One bit for each command identifier in flight, held event requests included. */
  readonly #live = new Int32Array(2048);

  constructor(id: number, base: number, size: number, cq: CompletionQueue, priority = 0) {
    this.id = id;
    this.base = base;
    this.size = size;
    this.cq = cq;
    this.priority = priority;
  }

  /** Takes a command identifier into use; false when it is in use already. */
  claim(cid: number): boolean {
    const word = this.#live[cid >>> 5]!;
    const bit = 1 << (cid & 31);
    if ((word & bit) !== 0) return false;
    this.#live[cid >>> 5] = word | bit;
    return true;
  }

  /** The command with this identifier is done. */
  disclaim(cid: number): void {
    this.#live[cid >>> 5]! &= ~(1 << (cid & 31));
  }

  /** The host's doorbell: takes the new tail; false, and no change, when that is more than the queue has free entries. */
  advance(tail: number): boolean {
    if (tail >= this.size) return false;
    const queued = ringDistance(this.head, this.tail, this.size);
    if (ringDistance(this.head, tail, this.size) < queued) return false;
    this.tail = tail;
    return true;
  }
}

/** How far ring position `to` is ahead of `from`. */
export function ringDistance(from: number, to: number, size: number): number {
  return to >= from ? to - from : to - from + size;
}

/** Does any queue that raises `vector` hold entries that the host has not consumed? */
export function hasUnread(cqs: readonly (CompletionQueue | undefined)[], vector: number): boolean {
  return cqs.some((cq) => cq?.vector === vector && cq.interruptEnabled && cq.head !== cq.tail);
}
