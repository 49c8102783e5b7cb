/**
 * RD_MCP and nullio: a unit in pages of memory, and one that keeps nothing.
 *
 * Does not model: protection information, a power cut (memory is gone with its host).
 */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { AbortResult } from '../interfaces/request.ts';
import { type Geometry, type TargetCommand, TargetOp, TargetStatus } from '../interfaces/target.ts';
import type { PageStore } from '../memory/page-store.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { blockCountOf, checkBlockBytes, transferCostNs } from './geometry.ts';
import { ServiceQueue, Turn } from './service-queue.ts';

/** Most bytes of one read or write of a unit in memory. */
export const RD_MAX_TRANSFER_BYTES = 32 * 1024 * 1024;

/** How a unit in memory is made. */
export interface RdMcpOptions {
  /** Bytes of one logical block: 512 (default) or 4096. */
  readonly blockBytes?: number;
  /** `targetCommandNs` and `copyPageNs` are charged; none by default. */
  readonly costs?: CostTable;
}

/** The unit that `rd_mcp` makes: sectors in pages of memory, sparse, at no latency but the costs. */
export class RdMcpBackend implements Backend {
  readonly geometry: Geometry;
  readonly #store: PageStore;
  readonly #queue: ServiceQueue<TargetCommand>;
  readonly #costs: CostTable;
  readonly #blockBytes: number;

  /** @throws ConfigError when the store is not a whole number of blocks */
  constructor(executor: Executor, store: PageStore, options: RdMcpOptions = {}) {
    const blockBytes = checkBlockBytes(options.blockBytes);
    this.geometry = memoryGeometry(blockBytes, blockCountOf(store.sizeBytes, blockBytes));
    this.#store = store;
    this.#blockBytes = blockBytes;
    this.#costs = options.costs ?? NO_COSTS;
    this.#queue = new ServiceQueue(executor, 'rd-mcp', (command, turn) =>
      this.#serve(command, turn),
    );
  }

  submit(command: TargetCommand): void {
    this.#queue.push(command, transferCostNs(this.#costs, command, this.#blockBytes));
  }

  abort(command: TargetCommand): AbortResult {
    return this.#queue.abort(command);
  }

  reset(done: () => void): void {
    this.#queue.reset(done);
  }

  close(): void {
    assert(this.#queue.count === 0, 'a backend is closed with nothing in flight');
  }

  #serve(command: TargetCommand, turn: Turn): void {
    command.status = turn === Turn.serve ? this.#execute(command) : statusOfTurn(turn);
    command.end(command);
  }

  #execute(command: TargetCommand): TargetStatus {
    const at = command.lba * this.#blockBytes;
    const length = command.blockCount * this.#blockBytes;
    switch (command.op) {
      case TargetOp.read:
        return this.#store.readTo(at, command.memory, command.data, 0, length)
          ? TargetStatus.good
          : TargetStatus.dataTransferError;
      case TargetOp.write:
        return this.#store.writeFrom(at, command.memory, command.data, 0, length)
          ? TargetStatus.good
          : TargetStatus.dataTransferError;
      case TargetOp.flush:
        return TargetStatus.good;
      case TargetOp.unmap:
      case TargetOp.writeZeroes:
        this.#store.zero(at, length);
        return TargetStatus.good;
      default:
        return TargetStatus.unsupportedOpcode;
    }
  }
}

/** How a command ends whose turn was not to be served. */
export function statusOfTurn(turn: Turn): TargetStatus {
  return turn === Turn.refuse ? TargetStatus.busy : TargetStatus.aborted;
}

/** Memory has no cache before it, so all that is written is as durable as it gets. */
export function memoryGeometry(blockBytes: number, blockCount: number): Geometry {
  return {
    blockBytes,
    blockCount,
    maxTransferBlocks: RD_MAX_TRANSFER_BYTES / blockBytes,
    writeCache: false,
    fua: true,
    readOnly: false,
    unmap: true,
    writeZeroes: true,
  };
}
