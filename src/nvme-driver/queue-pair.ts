/**
 * A submission queue, its completion queue and the slots of their requests. NVMe Base 2.0, 3.3.
 *
 * At most one command less than the queue has entries is in flight, so that neither queue can run over. A request keeps its slot, and
 * so its command identifier, until it ends: also while it waits for another try or for the end of a reset.
 */

import type { Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { CQE_BYTES, CqeWord, SQE_BYTES, SqeWord } from '../wire/nvme-entries.ts';
import type { DataPointerWriter } from './data-pointer-writer.ts';

/** Where a slot stands. */
export const SlotState = {
  free: 0,
  /** Its request is with the driver: it waits for another try, or for the end of a reset. */
  parked: 1,
  /** Its command is with the controller. */
  queued: 2,
} as const;

/** What the driver remembers of a request, as bits. */
export const SlotMark = {
  /** An Abort was sent because it was late. */
  abortSent: 1,
  /** It ends with whatever status comes: its submitter wanted it aborted. */
  noRetry: 2,
  /** It may stay for any time. */
  patient: 4,
} as const;

/** No command identifier: all slots are taken. */
export const NO_SLOT = -1;
/** No command identifier: the data of the request can be told by no data pointer. */
export const NO_POINTER = -2;

/** Where the memory of a pair lies. */
export interface PairMemory {
  /** Submission entries. */
  sq: number;
  /** Completion entries. */
  cq: number;
  /** PRP lists and SGL segments of all slots. */
  lists: number;
  /** Bytes of lists of one slot. */
  listBytes: number;
}

/** What a pair is, as its controller knows it. */
export interface PairIdentity {
  id: number;
  /** Entries of each queue. */
  depth: number;
  /** Interrupt vector; -1 for a queue that is polled. */
  vector: number;
  /** Offset in BAR0 of the submission tail doorbell. */
  sqDoorbell: number;
  /** Offset in BAR0 of the completion head doorbell. */
  cqDoorbell: number;
}

/** One queue pair of a driver. */
export class QueuePair {
  readonly id: number;
  readonly depth: number;
  readonly vector: number;
  readonly sqDoorbell: number;
  readonly cqDoorbell: number;
  /** Where the memory lies. */
  readonly at: PairMemory;
  /** Requests by command identifier. */
  readonly requests: (NvmeHostRequest | undefined)[];
  /** One of {@link SlotState}. */
  readonly states: Uint8Array;
  /** Bits of {@link SlotMark}. */
  readonly marks: Uint8Array;
  /** How often each was tried again. */
  readonly tries: Uint8Array;
  /** Since when each has been waited for; when a parked one is due. In virtual nanoseconds. */
  readonly sinceNs: Float64Array;
  /** Slots that are parked. */
  parkedCount = 0;
  /** The next entry to write. */
  tail = 0;
  /** The tail that the controller was shown. */
  rung = 0;
  /** The next entry to read. */
  head = 0;
  /** The head that the controller was shown. */
  shown = 0;
  /** Phase tag of a new entry. */
  phase = 1;
  /** Shadow of the tail doorbell in memory, -1 for none; that of the head lies as far behind it as its register. */
  shadowAt = -1;
  /** Event index of the tail, likewise. */
  eventAt = -1;
  /** The guest is busy with this queue until then. */
  busyNs = 0;
  /** Rings the tail doorbell later. */
  ringTask: Task | undefined = undefined;
  /** Reaps completions. */
  reapTask: Task | undefined = undefined;
  /** The reap task is scheduled. */
  reaping = false;
  readonly #memory: GuestMemory;
  readonly #data: DataPointerWriter;
  readonly #sqe = new Int32Array(16);
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(
    memory: GuestMemory,
    data: DataPointerWriter,
    { id, depth, vector, sqDoorbell, cqDoorbell }: PairIdentity,
    at: PairMemory,
  ) {
    this.#memory = memory;
    this.#data = data;
    this.id = id;
    this.depth = depth;
    this.vector = vector;
    this.sqDoorbell = sqDoorbell;
    this.cqDoorbell = cqDoorbell;
    this.at = at;
    const slots = depth - 1;
    this.requests = new Array<NvmeHostRequest | undefined>(slots).fill(undefined);
    this.states = new Uint8Array(slots);
    this.marks = new Uint8Array(slots);
    this.tries = new Uint8Array(slots);
    this.sinceNs = new Float64Array(slots);
    this.#free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.#freeCount = slots;
  }

  /** Requests that have a slot. */
  get taken(): number {
    return this.depth - 1 - this.#freeCount;
  }

  /** Gives `request` a slot, parked; its command identifier, or {@link NO_SLOT}. */
  hold(request: NvmeHostRequest, now: number): number {
    if (this.#freeCount === 0) return NO_SLOT;
    const cid = this.#take(request, now);
    this.states[cid] = SlotState.parked;
    this.parkedCount += 1;
    return cid;
  }

  /**
   * Gives `request` a slot and writes its submission queue entry; the doorbell is rung by the caller. Its command identifier,
   * {@link NO_SLOT}, or {@link NO_POINTER} when its data cannot be described to the controller.
   */
  queue(request: NvmeHostRequest, now: number): number {
    const count = this.#freeCount;
    if (count === 0) return NO_SLOT;
    if (!this.#write(request, this.#free[count - 1]!)) return NO_POINTER;
    const cid = this.#take(request, now);
    this.states[cid] = SlotState.queued;
    return cid;
  }

  /** Writes the entry of the parked slot `cid`. False, and the slot is as before, when its data cannot be described. */
  send(cid: number, now: number): boolean {
    if (!this.#write(this.requests[cid]!, cid)) return false;
    this.states[cid] = SlotState.queued;
    this.sinceNs[cid] = now;
    this.parkedCount -= 1;
    return true;
  }

  /** The command of slot `cid` is over, the request is not: it waits until `dueNs`. */
  park(cid: number, dueNs: number): void {
    this.states[cid] = SlotState.parked;
    this.sinceNs[cid] = dueNs;
    this.parkedCount += 1;
  }

  /** Reads the next completion into `cqe` and steps over it; false when there is none. */
  next(cqe: Int32Array): boolean {
    if (!this.#memory.loadWords(this.at.cq + this.head * CQE_BYTES, cqe, 0, 4)) return false;
    if (((cqe[CqeWord.cidAndStatus]! >>> 16) & 1) !== this.phase) return false;
    this.head += 1;
    if (this.head === this.depth) {
      this.head = 0;
      this.phase ^= 1;
    }
    return true;
  }

  /** Takes the request out of its slot; `undefined` for a slot that is free or not there. */
  take(cid: number): NvmeHostRequest | undefined {
    const request = this.requests[cid];
    if (request === undefined) return undefined;
    if (this.states[cid] === SlotState.parked) this.parkedCount -= 1;
    this.states[cid] = SlotState.free;
    this.requests[cid] = undefined;
    this.#free[this.#freeCount++] = cid;
    return request;
  }

  /** As a new pair of the same memory: empty queues, no shadows. The slots stay as they are. */
  restart(): void {
    this.tail = 0;
    this.rung = 0;
    this.head = 0;
    this.shown = 0;
    this.phase = 1;
    this.shadowAt = -1;
    this.eventAt = -1;
    this.busyNs = 0;
    // An entry left over from another life could carry the phase tag of a new one.
    this.#memory.fill(this.at.cq, 0, this.depth * CQE_BYTES);
  }

  #take(request: NvmeHostRequest, now: number): number {
    this.#freeCount -= 1;
    const cid = this.#free[this.#freeCount]!;
    this.requests[cid] = request;
    this.marks[cid] = 0;
    this.tries[cid] = 0;
    this.sinceNs[cid] = now;
    return cid;
  }

  #write(request: NvmeHostRequest, cid: number): boolean {
    const sqe = this.#sqe;
    const psdt = this.#data.write(request.data, sqe, this.at.lists + cid * this.at.listBytes);
    if (psdt < 0) return false;
    sqe[SqeWord.cdw0] = request.opcode | psdt | (cid << 16);
    sqe[SqeWord.nsid] = request.nsid;
    const { raw } = request;
    if (raw !== undefined) {
      for (let i = 0; i < 6; i++) sqe[SqeWord.cdw10 + i] = raw[i]!;
    } else {
      const { slba } = request;
      sqe[SqeWord.cdw10] = slba;
      sqe[SqeWord.cdw11] = slba <= 0xffff_ffff ? 0 : Math.floor(slba / 0x1_0000_0000);
      sqe[SqeWord.cdw12] = request.nlb0 | request.control;
      sqe[SqeWord.cdw13] = 0;
      sqe[SqeWord.cdw14] = 0;
      sqe[SqeWord.cdw15] = 0;
    }
    if (!this.#memory.storeWords(this.at.sq + this.tail * SQE_BYTES, sqe, 0, 16)) return false;
    this.tail = this.tail + 1 === this.depth ? 0 : this.tail + 1;
    return true;
  }
}
