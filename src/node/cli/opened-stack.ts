/** What the commands need of a stack, and how they get one. */
import type { BlockObserver } from '../../interfaces/block-observer.ts';
import type { Executor } from '../../interfaces/executor.ts';
import type { Tracer } from '../../interfaces/tracer.ts';
import { bufferBytes, type WorkloadPlan, type WorkloadTarget } from '../../workload/index.ts';
import type { StackChoice } from './arguments.ts';

/** A stack whose guest driver has started. */
interface OpenedStack {
  readonly target: WorkloadTarget;
  /** The road as a diagram, with the counters of each layer as they are now. */
  describe(): string;
  /** Shuts the guest's driver down and closes files. */
  close(): Promise<void>;
}

/** Makes a tracer for a clock that exists only once the stack does. */
type MakeTracer = (clock: Executor) => Tracer;

/** Makes an observer of the block layer for such a clock. */
type MakeBlockObserver = (clock: Executor) => BlockObserver;

/** What jobs need of a stack. */
export interface StackNeeds {
  /** Guest memory for data. */
  readonly bufferBytes: number;
  /** Jobs that run at the same time, at most: each gets a queue of its own if there are enough. */
  readonly jobs: number;
}

/** Opens a stack and starts the guest's driver. A file that fileio names is made here, and not before. */
export type OpenStack = (
  choice: StackChoice,
  needs: StackNeeds,
  makeTracer: MakeTracer | undefined,
  makeBlockObserver?: MakeBlockObserver,
) => Promise<OpenedStack>;

/** What the jobs of a plan need. */
export function needsOf(plan: WorkloadPlan): StackNeeds {
  return {
    bufferBytes: bufferBytes(plan),
    jobs: Math.max(...plan.groups.map((jobs) => jobs.length)),
  };
}
