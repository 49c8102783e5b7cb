/** What all parts of one stack share. */
import type { BlockObserver } from '../interfaces/block-observer.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import type { SimExecutor } from '../sim/sim-executor.ts';
import type { StackConfig } from './config.ts';
import type { MemoryMap } from './memory-map.ts';

/** One world: its configuration, clock, memories, costs and trace. */
export interface World {
  readonly config: StackConfig;
  readonly executor: SimExecutor;
  readonly memory: MemoryMap;
  readonly costs: CostTable;
  readonly tracer: Tracer | undefined;
  /** Hears the block layer under IBLOCK. */
  readonly blockObserver?: BlockObserver | undefined;
}
