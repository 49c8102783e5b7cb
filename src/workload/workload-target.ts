/** What a workload runs against: the guest's side of a stack. */
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHost } from '../interfaces/nvme-host.ts';
import type { Tracer } from '../interfaces/tracer.ts';

/** A clock that the caller moves. */
export interface SteppedExecutor extends Executor {
  /** Runs the next task; false when nothing is scheduled. */
  step(): boolean;
}

/** Where buffers come from. */
export interface BufferSource {
  /** Pages of 4096 bytes that are free. */
  readonly freePages: number;
  /** Takes adjacent pages; their address, or -1 when there is no such run. */
  take(pages: number): number;
  /** Gives them back. */
  give(gpa: number, pages: number): void;
}

/** A started driver with the world around it. */
export interface WorkloadTarget {
  readonly executor: SteppedExecutor;
  /** The memory that the driver was given; it shows its bytes as views. */
  readonly memory: GuestMemory;
  readonly buffers: BufferSource;
  readonly host: NvmeHost;
  /** Namespace that the jobs work on. */
  readonly nsid: number;
  /**
   * Receives, under the layer `workload`, `issue` (a: first block, b: number of blocks) of each command, `full` (a: queue) when the
   * driver's queue had no room for it, and `end` (a: first block, b: status).
   */
  readonly tracer: Tracer | undefined;
}
