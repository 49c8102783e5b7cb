/**
 * A submission queue, its completion queue and the slots of the commands in flight. NVMe Base 2.0, 3.3.
 *
 * At most one command less than the queue has entries is in flight, so that neither queue can run over.
 */

import type { Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { CQE_BYTES, CqeWord, SQE_BYTES, SqeWord } from '../wire/nvme-entries.ts';
import type { PrpWriter } from './prp-writer.ts';

/** What became of a request that was put on a queue. */
export const QueueResult = {
  /** It is on the queue. */
  queued: 0,
  /** All slots are taken. */
  full: 1,
  /** Its data has a gap or is too long. */
  refused: 2,
} as const;

/** Where the memory of a pair lies. */
export interface PairMemory {
  /** Submission entries. */
  sq: number;
  /** Completion entries. */
  cq: number;
  /** PRP lists of all slots. */
  lists: number;
  /** Bytes of lists of one slot. */
  listBytes: number;
}

/** One queue pair of a driver. */
export class QueuePair {
  readonly id: number;
  /** Entries of each queue. */
  readonly depth: number;
  /** Interrupt vector. */
  readonly vector: number;
  /** Offset in BAR0 of the submission tail doorbell. */
  readonly sqDoorbell: number;
  /** Offset in BAR0 of the completion head doorbell. */
  readonly cqDoorbell: number;
  /** Where the memory lies. */
  readonly at: PairMemory;
  /** Requests by command identifier. */
  readonly requests: (NvmeHostRequest | undefined)[];
  /** When each was queued, in virtual nanoseconds. */
  readonly queuedNs: Float64Array;
  /** The next entry to write. */
  tail = 0;
  /** The tail that the controller knows. */
  rung = 0;
  /** The next entry to read. */
  head = 0;
  /** Phase tag of a new entry. */
  phase = 1;
  /** The guest is busy with this queue until then. */
  busyNs = 0;
  /** Rings the tail doorbell later. */
  ringTask: Task | undefined = undefined;
  /** Reaps completions. */
  reapTask: Task | undefined = undefined;
  /** The reap task is scheduled. */
  reaping = false;
  readonly #memory: GuestMemory;
  readonly #prps: PrpWriter;
  readonly #sqe = new Int32Array(16);
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(
    memory: GuestMemory,
    prps: PrpWriter,
    id: number,
    depth: number,
    vector: number,
    doorbell: number,
    stride: number,
    at: PairMemory,
  ) {
    this.#memory = memory;
    this.#prps = prps;
    this.id = id;
    this.depth = depth;
    this.vector = vector;
    this.sqDoorbell = doorbell;
    this.cqDoorbell = doorbell + stride;
    this.at = at;
    const slots = depth - 1;
    this.requests = new Array<NvmeHostRequest | undefined>(slots).fill(undefined);
    this.queuedNs = new Float64Array(slots);
    this.#free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.#freeCount = slots;
  }

  /** Commands in flight. */
  get inFlight(): number {
    return this.depth - 1 - this.#freeCount;
  }

  /** The command identifier that the next request gets, or -1 when all slots are taken. */
  get nextCid(): number {
    return this.#freeCount === 0 ? -1 : this.#free[this.#freeCount - 1]!;
  }

  /** Writes a submission queue entry for `request`; the doorbell is rung by the caller. */
  queue(request: NvmeHostRequest, now: number): number {
    if (this.#freeCount === 0) return QueueResult.full;
    const cid = this.#free[this.#freeCount - 1]!;
    const sqe = this.#sqe;
    if (request.data.byteLength === 0) sqe.fill(0, SqeWord.prp1Lo, SqeWord.cdw10);
    else if (!this.#prps.write(request.data, sqe, this.at.lists + cid * this.at.listBytes)) {
      return QueueResult.refused;
    }
    sqe[SqeWord.cdw0] = request.opcode | (cid << 16);
    sqe[SqeWord.nsid] = request.nsid;
    const raw = request.raw;
    if (raw === undefined) {
      const slba = request.slba;
      sqe[SqeWord.cdw10] = slba;
      sqe[SqeWord.cdw11] = slba <= 0xffff_ffff ? 0 : Math.floor(slba / 0x1_0000_0000);
      sqe[SqeWord.cdw12] = request.nlb0 | request.control;
      sqe[SqeWord.cdw13] = 0;
      sqe[SqeWord.cdw14] = 0;
      sqe[SqeWord.cdw15] = 0;
    } else {
      for (let i = 0; i < 6; i++) sqe[SqeWord.cdw10 + i] = raw[i]!;
    }
    if (!this.#memory.storeWords(this.at.sq + this.tail * SQE_BYTES, sqe, 0, 16)) {
      return QueueResult.refused;
    }
    this.#freeCount -= 1;
    this.requests[cid] = request;
    this.queuedNs[cid] = now;
    this.tail = this.tail + 1 === this.depth ? 0 : this.tail + 1;
    return QueueResult.queued;
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

  /** Takes the request out of its slot; `undefined` for an identifier that is not in flight. */
  take(cid: number): NvmeHostRequest | undefined {
    const request = this.requests[cid];
    if (request === undefined) return undefined;
    this.requests[cid] = undefined;
    this.#free[this.#freeCount++] = cid;
    return request;
  }
}
