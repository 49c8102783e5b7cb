/** A built stack: every layer of a road, and the handles to it. */
import type { Backend } from '../interfaces/backend.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { TargetPort } from '../interfaces/target.ts';
import type { SimExecutor } from '../sim/sim-executor.ts';
import type { StackConfig } from './config.ts';
import { drawLayers, type LayerRow } from './diagram.ts';
import type { Guest } from './guest.ts';
import type { MemoryMap } from './memory-map.ts';
import type { Pump } from './pump.ts';
import type { World } from './world.ts';

/** The layers of a stack, for those who look at one alone. */
export interface StackParts {
  /** Where the controller's commands go: the transport's upper end, or the target itself. */
  readonly port: NvmeCommandPort;
  /** The NVMe target: executes the commands. */
  readonly target: NvmeCommandPort;
  /** The logical unit under namespace 1. */
  readonly unit: TargetPort;
  /** What stores its bytes. */
  readonly backend: Backend;
}

/** What one layer has counted. */
export interface LayerCounters {
  /** Where it runs: `guest`, `VMM`, `host kernel`, `hardware`. */
  readonly place: string;
  /** What it is, as in the diagram. */
  readonly name: string;
  /** Its counters by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What `createStack` returns. */
export class Stack {
  /** The configuration, with all defaults. */
  readonly config: StackConfig;
  /** The clock. */
  readonly executor: SimExecutor;
  /** Who sees which memory. */
  readonly memory: MemoryMap;
  /** The guest's side. */
  readonly guest: Guest;
  /** The layers. */
  readonly parts: StackParts;
  readonly #pump: Pump;
  readonly #rows: readonly LayerRow[];
  #isClosed = false;

  /** @internal */
  constructor(
    world: World,
    pump: Pump,
    guest: Guest,
    parts: StackParts,
    rows: readonly LayerRow[],
  ) {
    this.config = world.config;
    this.executor = world.executor;
    this.memory = world.memory;
    this.guest = guest;
    this.parts = parts;
    this.#pump = pump;
    this.#rows = rows;
  }

  /** The road as text: one row per layer with its counters, and what crosses each boundary. */
  describe(): string {
    return drawLayers(this.#rows);
  }

  /** The counters of each layer now, top to bottom: what `describe` draws. */
  counters(): LayerCounters[] {
    return this.#rows.map(({ place, name, counters }) => ({ place, name, counters: counters() }));
  }

  /** Runs until nothing is left to do. */
  run(): Promise<void> {
    return this.#pump.whenIdle();
  }

  /** Shuts the guest's controller down, flushes, and lets go of files. Closing twice is once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pump.call<void>((settle) => this.guest.shutdown(() => settle.resolve()));
    this.parts.backend.close();
  }
}
