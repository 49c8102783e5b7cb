/** An NVMe driver's queues with a medium right behind them: for tests of what sits on top of an `NvmeHost`. */
import type { SparseMedium } from '../../src/devices/sparse-medium.ts';
import type { TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import type { Task } from '../../src/interfaces/executor.ts';
import type { GuestMemory } from '../../src/interfaces/guest-memory.ts';
import { MediumStatus } from '../../src/interfaces/medium.ts';
import type { NvmeHost, NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';

const DNR = 0x4000;

export class MediumNvmeHost implements NvmeHost {
  readonly ioQueueCount = 2;
  readonly maxTransferBytes = 128 * 1024;
  readonly volatileWriteCache: boolean;
  readonly namespaces: readonly { nsid: number; blockBytes: number; blockCount: number }[];
  readonly memory: GuestMemory;
  /** Statuses for the next commands, oldest first; then they go to the medium. */
  readonly statuses: number[] = [];
  readonly commands: NvmeHostRequest[] = [];
  depth = 4;
  timeout?: (request: NvmeHostRequest) => TimeoutVerdict;
  readonly #medium: SparseMedium;
  readonly #executor: SimExecutor;
  readonly #queued = new Map<NvmeHostRequest, number>();
  readonly #task: Task;

  constructor(executor: SimExecutor, medium: SparseMedium, memory: GuestMemory) {
    this.#executor = executor;
    this.#medium = medium;
    this.volatileWriteCache = medium.writeCache;
    this.namespaces = [{ nsid: 1, blockBytes: medium.sectorBytes, blockCount: medium.sectorCount }];
    this.memory = memory;
    this.#task = makeTask('nvme-host', () => this.#run());
  }

  queueRq(queueId: number, request: NvmeHostRequest): boolean {
    let queued = 0;
    for (const id of this.#queued.values()) if (id === queueId) queued += 1;
    if (queued >= this.depth) return false;
    this.#queued.set(request, queueId);
    return true;
  }

  commitRqs(): void {
    if (this.#task.slot === -1) this.#executor.schedule(this.#task, this.#executor.now + 2_000);
  }

  abort(request: NvmeHostRequest): AbortResult {
    return this.#queued.has(request) ? AbortResult.tooLate : AbortResult.unknown;
  }

  #run(): void {
    const request = this.#queued.keys().next().value;
    if (request === undefined) return;
    this.#queued.delete(request);
    if (this.#queued.size > 0) this.commitRqs();
    this.commands.push({ ...request });
    request.status = this.statuses.shift() ?? this.#execute(request);
    request.end(request);
  }

  #execute(request: NvmeHostRequest): number {
    const { slba, nlb0, data } = request;
    const isFua = (request.control & 0x4000_0000) !== 0;
    if (request.opcode === 0) this.#medium.flush();
    else if (request.opcode > 2) return 0x001 | DNR;
    else {
      const status =
        request.opcode === 2
          ? this.#medium.read(slba, nlb0 + 1, this.memory, data, 0)
          : this.#medium.write(slba, nlb0 + 1, isFua, this.memory, data, 0);
      if (status === MediumStatus.readError) return 0x281 | DNR;
      if (status === MediumStatus.writeError) return 0x280 | DNR;
      if (status !== MediumStatus.ok) return 0x004 | DNR;
    }
    return 0;
  }
}
