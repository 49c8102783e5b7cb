/** A driver that answers from a byte array: what the handles of `stack` are tested against. */
import type { Executor } from '../../src/interfaces/executor.ts';
import type { GuestMemory } from '../../src/interfaces/guest-memory.ts';
import type { NvmeHost, NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { makeTask } from '../../src/sim/task.ts';

export class MemoryHost implements NvmeHost {
  readonly ioQueueCount: number;
  readonly maxTransferBytes = 32 * 1024;
  readonly volatileWriteCache = true;
  readonly namespaces: NvmeHost['namespaces'];
  readonly bytes: Uint8Array;
  /** `queue opcode slba blocks` of each request that was taken. */
  readonly log: string[] = [];
  /** Queue numbers that were committed. */
  readonly commits: number[] = [];
  /** Status for the next requests. */
  status = 0;
  readonly #executor: Executor;
  readonly #memory: GuestMemory;
  readonly #depth: number;
  readonly #inFlight: NvmeHostRequest[][];

  constructor(executor: Executor, memory: GuestMemory, queues = 1, depth = 4) {
    this.#executor = executor;
    this.#memory = memory;
    this.ioQueueCount = queues;
    this.#depth = depth;
    this.#inFlight = Array.from({ length: queues + 1 }, () => []);
    this.bytes = new Uint8Array(1 << 20);
    this.namespaces = [{ nsid: 1, blockBytes: 512, blockCount: this.bytes.length / 512 }];
  }

  queueRq(queueId: number, request: NvmeHostRequest): boolean {
    const queue = this.#inFlight[queueId]!;
    if (queue.length === this.#depth) return false;
    queue.push(request);
    this.log.push(`${queueId} ${request.opcode} ${request.slba} ${request.nlb0 + 1}`);
    return true;
  }

  commitRqs(queueId: number): void {
    this.commits.push(queueId);
    this.#executor.schedule(
      makeTask('host', () => this.#finish(queueId)),
      this.#executor.now + 10,
    );
  }

  abort(): 2 {
    return 2;
  }

  #finish(queueId: number): void {
    for (const request of this.#inFlight[queueId]!.splice(0)) {
      const at = request.slba * 512;
      const gpa = request.data.count > 0 ? request.data.gpa(0) : 0;
      if (this.status === 0 && request.opcode === 1)
        this.#memory.load(gpa, this.bytes, at, request.data.byteLength);
      if (this.status === 0 && request.opcode === 2)
        this.#memory.store(gpa, this.bytes, at, request.data.byteLength);
      request.status = this.status;
      request.end(request);
    }
  }
}
