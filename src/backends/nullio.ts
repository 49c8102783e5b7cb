/** nullio: takes everything and keeps nothing. A read leaves the caller's memory as it is, as `rd_nullio` does. */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { AbortResult } from '../interfaces/request.ts';
import { type Geometry, type TargetCommand, TargetStatus } from '../interfaces/target.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { blockCountOf, checkBlockBytes } from './geometry.ts';
import { memoryGeometry, type RdMcpOptions, statusOfTurn } from './rd-mcp.ts';
import { ServiceQueue, Turn } from './service-queue.ts';

/** A unit of `sizeBytes` that moves no data: what is measured on it is the road. */
export class NullioBackend implements Backend {
  readonly geometry: Geometry;
  readonly #queue: ServiceQueue<TargetCommand>;
  readonly #costs: CostTable;

  /** @throws ConfigError when the size is not a whole number of blocks */
  constructor(executor: Executor, sizeBytes: number, options: RdMcpOptions = {}) {
    const blockBytes = checkBlockBytes(options.blockBytes);
    this.geometry = memoryGeometry(blockBytes, blockCountOf(sizeBytes, blockBytes));
    this.#costs = options.costs ?? NO_COSTS;
    this.#queue = new ServiceQueue<TargetCommand>(executor, 'nullio', (command, turn) => {
      command.status = turn === Turn.serve ? TargetStatus.good : statusOfTurn(turn);
      command.end(command);
    });
  }

  submit(command: TargetCommand): void {
    this.#queue.push(command, this.#costs.targetCommandNs);
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
}
