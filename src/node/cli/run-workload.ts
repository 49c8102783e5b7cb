/** Runs a plan on an opened stack, with progress and interrupts. */
import { makePrng } from '../../sim/prng.ts';
import {
  type WorkloadPlan,
  type WorkloadResult,
  WorkloadRunner,
  type WorkloadTarget,
} from '../../workload/index.ts';
import type { CliIo } from './cli-io.ts';
import { ProgressLine } from './progress.ts';

/** Tasks of the world between two looks at the terminal: some ten milliseconds. */
const SLICE_TASKS = 20_000;

/** Runs a plan to its end, or until the user asks to stop: then what is in flight ends, and the results are partial. */
export async function runWorkload(
  io: CliIo,
  target: WorkloadTarget,
  plan: WorkloadPlan,
  seed: number,
): Promise<WorkloadResult> {
  const prng = makePrng(seed).split('workload');
  const runner = new WorkloadRunner(target, plan, prng, { clockMs: () => io.clockMs() });
  const progress = new ProgressLine(io);
  const forget = io.onInterrupt(() => runner.stop());
  try {
    while (runner.slice(SLICE_TASKS)) {
      progress.update(runner.progress());
      await io.turn();
    }
  } finally {
    forget();
    progress.clear();
  }
  return runner.result();
}
