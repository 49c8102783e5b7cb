/** What the commands need of a stack, and how they get one. */
import type { Executor } from '../../interfaces/executor.ts';
import type { Tracer } from '../../interfaces/tracer.ts';
import type { WorkloadTarget } from '../../workload/index.ts';
import type { StackChoice } from './arguments.ts';

/** A stack whose guest driver has started. */
export interface OpenedStack {
  readonly target: WorkloadTarget;
  /** The road as a diagram, with the counters of each layer as they are now. */
  describe(): string;
  /** Shuts the guest's driver down and closes files. */
  close(): Promise<void>;
}

/** Makes a tracer for a clock that exists only once the stack does. */
export type MakeTracer = (clock: Executor) => Tracer;

/**
 * Opens a stack and starts the guest's driver. A file that fileio names is made here, and not before.
 *
 * @param bufferBytes guest memory that the jobs need for their data
 */
export type OpenStack = (
  choice: StackChoice,
  bufferBytes: number,
  makeTracer: MakeTracer | undefined,
) => Promise<OpenedStack>;
