/** One submission queue and its completion queue, from the host's side. NVMe Base 2.0, 3.3. */
import { assert } from '../base/assert.ts';
import { IdPool } from '../base/id-pool.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { CQE_BYTES, CqeWord, SQE_BYTES, SqeWord } from '../wire/nvme-entries.ts';
import { listPagesFor, type PrpBuilder } from './prp-list.ts';

const SQE_WORDS = SQE_BYTES / 4;
const CQE_WORDS = CQE_BYTES / 4;
const PHASE = 1 << 16;

/** Where list pages come from: one block of pages for each command with a list. */
export interface ListPages {
  /** A block, or -1 when none is free now. */
  take(): number;
  /** Gives it back. */
  give(gpa: number): void;
}

/** What a pair is made of. */
export interface QueuePairPlan {
  readonly id: number;
  /** Entries of both queues, 2 and more; one less are in flight at most. */
  readonly entries: number;
  readonly sqGpa: number;
  readonly cqGpa: number;
}

/** Queue memory, indices and phase; a slot for each command in flight. */
export class QueuePair {
  readonly id: number;
  readonly entries: number;
  readonly sqGpa: number;
  readonly cqGpa: number;
  readonly #memory: GuestMemory;
  readonly #prps: PrpBuilder;
  readonly #lists: ListPages;
  readonly #ids: IdPool;
  readonly #requests: (NvmeHostRequest | undefined)[];
  readonly #listOf: Float64Array;
  readonly #sqe = new Int32Array(SQE_WORDS);
  readonly #cqe = new Int32Array(CQE_WORDS);
  #tail = 0;
  #rungTail = 0;
  #head = 0;
  #rungHead = 0;
  #phase = PHASE;

  constructor(memory: GuestMemory, prps: PrpBuilder, lists: ListPages, plan: QueuePairPlan) {
    this.#memory = memory;
    this.#prps = prps;
    this.#lists = lists;
    this.id = plan.id;
    this.entries = plan.entries;
    this.sqGpa = plan.sqGpa;
    this.cqGpa = plan.cqGpa;
    this.#ids = new IdPool(plan.entries - 1);
    this.#requests = new Array<NvmeHostRequest | undefined>(plan.entries - 1).fill(undefined);
    this.#listOf = new Float64Array(plan.entries - 1).fill(-1);
  }

  /** Commands in flight. */
  get inFlight(): number {
    return this.#ids.capacity - this.#ids.freeCount;
  }

  /** Tail to write into the doorbell, or -1 when the device knows it. */
  takeTail(): number {
    if (this.#tail === this.#rungTail) return -1;
    this.#rungTail = this.#tail;
    return this.#tail;
  }

  /** Head to write into the doorbell, or -1 when the device knows it. */
  takeHead(): number {
    if (this.#head === this.#rungHead) return -1;
    this.#rungHead = this.#head;
    return this.#head;
  }

  /** Puts a command into the queue; its identifier, or -1 when there is no room. */
  add(request: NvmeHostRequest): number {
    const cid = this.#ids.take();
    if (cid < 0) return -1;
    const { data } = request;
    let list = -1;
    // Two pages and fewer need no list; the exact count depends on the offset, so one page more may be asked for.
    if (data.byteLength > 4096 && listPagesFor(data.byteLength) > 0) {
      list = this.#lists.take();
      if (list < 0) {
        this.#ids.give(cid);
        return -1;
      }
    }
    this.#listOf[cid] = list;
    this.#requests[cid] = request;
    this.#buildSqe(request, cid, list);
    this.#memory.storeWords(this.sqGpa + this.#tail * SQE_BYTES, this.#sqe, 0, SQE_WORDS);
    this.#tail = this.#tail + 1 === this.entries ? 0 : this.#tail + 1;
    return cid;
  }

  /**
   * Takes the next completion: the request that it ends, with its result set, or `undefined`. A completion for a command
   * that is not in flight is skipped.
   */
  reap(): NvmeHostRequest | undefined {
    const cqe = this.#cqe;
    for (let looked = 0; looked < this.entries; looked++) {
      if (!this.#memory.loadWords(this.cqGpa + this.#head * CQE_BYTES, cqe, 0, CQE_WORDS)) break;
      const last = cqe[CqeWord.cidAndStatus]!;
      if ((last & PHASE) !== this.#phase) break;
      this.#head += 1;
      if (this.#head === this.entries) {
        this.#head = 0;
        this.#phase ^= PHASE;
      }
      const request = this.#release(last & 0xffff);
      if (request === undefined) continue;
      request.status = last >>> 17;
      request.dw0 = cqe[CqeWord.dw0]! >>> 0;
      return request;
    }
    return undefined;
  }

  /** Lets go of one command in flight without a completion, lowest identifier first; `undefined` when there is none. */
  releaseAny(): NvmeHostRequest | undefined {
    const cid = this.#requests.findIndex((request) => request !== undefined);
    return cid < 0 ? undefined : this.#release(cid);
  }

  /** Identifier of a request in flight here, or -1. */
  cidOf(request: NvmeHostRequest): number {
    return this.#requests.indexOf(request);
  }

  #release(cid: number): NvmeHostRequest | undefined {
    const request = cid < this.#requests.length ? this.#requests[cid] : undefined;
    if (request === undefined) return undefined;
    const list = this.#listOf[cid]!;
    if (list >= 0) this.#lists.give(list);
    this.#requests[cid] = undefined;
    this.#ids.give(cid);
    return request;
  }

  #buildSqe(request: NvmeHostRequest, cid: number, list: number): void {
    const sqe = this.#sqe;
    sqe[SqeWord.cdw0] = request.opcode | (cid << 16);
    sqe[SqeWord.nsid] = request.nsid;
    sqe[SqeWord.cdw2] = 0;
    sqe[SqeWord.cdw3] = 0;
    sqe[SqeWord.mptrLo] = 0;
    sqe[SqeWord.mptrHi] = 0;
    if (request.data.byteLength > 0) {
      this.#prps.build(sqe, request.data, list);
    } else {
      sqe.fill(0, SqeWord.prp1Lo, SqeWord.cdw10);
    }
    const { raw } = request;
    if (raw !== undefined) {
      assert(raw.length === 6, 'raw holds command dwords 10 to 15');
      for (let i = 0; i < 6; i++) sqe[SqeWord.cdw10 + i] = raw[i]!;
      return;
    }
    const { slba } = request;
    sqe[SqeWord.cdw10] = slba;
    sqe[SqeWord.cdw11] = slba <= 0xffff_ffff ? 0 : Math.floor(slba / 0x1_0000_0000);
    sqe[SqeWord.cdw12] = request.nlb0 | request.control;
    sqe[SqeWord.cdw13] = 0;
    sqe[SqeWord.cdw14] = 0;
    sqe[SqeWord.cdw15] = 0;
  }
}
