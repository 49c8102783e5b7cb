/** A driver whose disk is a byte array: what workloads are tested against. Latency, errors and losses are the test's to choose. */
import type { NvmeHost, NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import type { Tracer } from '../../src/interfaces/tracer.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import type { WorkloadTarget } from '../../src/workload/workload-target.ts';

export const BLOCK = 512;

/** One command as the fake saw it. */
export interface Seen {
  readonly queueId: number;
  readonly opcode: number;
  readonly slba: number;
  readonly blocks: number;
  readonly atNs: number;
}

export interface FakeOptions {
  blocks?: number;
  queues?: number;
  depth?: number;
  maxTransferBytes?: number;
  /** From the doorbell to the end. */
  latencyNs?: number;
  memoryBytes?: number;
  tracer?: Tracer;
  /** Ends every command well and moves nothing. */
  isIdle?: boolean;
  /** The status of a command, or NaN to swallow it. Called at its end, before data moves. */
  decide?: (request: NvmeHostRequest, nth: number) => number;
}

export class FakeTarget implements WorkloadTarget, NvmeHost {
  readonly executor = new SimExecutor();
  readonly memory: RegionMemory;
  readonly buffers: PageAllocator;
  readonly nsid = 1;
  readonly tracer: Tracer | undefined;
  readonly ioQueueCount: number;
  readonly maxTransferBytes: number;
  readonly volatileWriteCache = true;
  readonly namespaces: NvmeHost['namespaces'];
  /** The disk. */
  readonly bytes: Uint8Array;
  readonly seen: Seen[] = [];
  commits = 0;
  /** Most commands that were in flight at once. */
  deepest = 0;
  #inFlight = 0;
  readonly #options: FakeOptions;
  readonly #queued: NvmeHostRequest[][];
  readonly #taken: number[];

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.memory = new RegionMemory([{ base: 0x10_0000, size: options.memoryBytes ?? 4 << 20 }]);
    this.buffers = new PageAllocator(0x10_0000, options.memoryBytes ?? 4 << 20);
    this.tracer = options.tracer;
    this.ioQueueCount = options.queues ?? 1;
    this.maxTransferBytes = options.maxTransferBytes ?? 128 * 1024;
    const blockCount = options.blocks ?? 2048;
    this.bytes = new Uint8Array(blockCount * BLOCK);
    this.namespaces = [{ nsid: 1, blockBytes: BLOCK, blockCount }];
    this.#queued = Array.from({ length: this.ioQueueCount + 1 }, () => []);
    this.#taken = new Array(this.ioQueueCount + 1).fill(0);
  }

  get host(): NvmeHost {
    return this;
  }

  queueRq(queueId: number, request: NvmeHostRequest): boolean {
    if (this.#taken[queueId]! >= (this.#options.depth ?? 64)) return false;
    this.#taken[queueId]! += 1;
    this.#queued[queueId]!.push(request);
    this.#inFlight += 1;
    this.deepest = Math.max(this.deepest, this.#inFlight);
    const { opcode, slba, nlb0, data } = request;
    const blocks = opcode === 0 ? 0 : nlb0 + 1;
    if (data.byteLength !== blocks * BLOCK || slba + blocks > this.bytes.length / BLOCK) {
      throw new Error(`a wrong command: ${opcode} ${slba}+${blocks} with ${data.byteLength} bytes`);
    }
    this.seen.push({ queueId, opcode, slba, blocks, atNs: this.executor.now });
    return true;
  }

  commitRqs(queueId: number): void {
    this.commits += 1;
    const batch = this.#queued[queueId]!.splice(0);
    const task = makeTask('fake', () => this.#finish(queueId, batch));
    this.executor.schedule(task, this.executor.now + (this.#options.latencyNs ?? 1000));
  }

  abort(): 2 {
    return 2;
  }

  #nth = 0;

  #finish(queueId: number, batch: readonly NvmeHostRequest[]): void {
    for (const request of batch) {
      const status = this.#options.decide?.(request, this.#nth++) ?? 0;
      if (Number.isNaN(status)) continue;
      this.#taken[queueId]! -= 1;
      this.#inFlight -= 1;
      if (status === 0 && request.opcode !== 0 && this.#options.isIdle !== true)
        this.#move(request);
      request.status = status;
      request.end(request);
    }
  }

  #move(request: NvmeHostRequest): void {
    const at = request.slba * BLOCK;
    const gpa = request.data.gpa(0);
    const length = request.data.byteLength;
    if (request.opcode === 1) this.memory.load(gpa, this.bytes, at, length);
    else this.memory.store(gpa, this.bytes, at, length);
  }
}
