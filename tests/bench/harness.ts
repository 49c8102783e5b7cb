/**
 * Times batches of operations beside a baseline of the same run. Only ratios mean something from one machine to the
 * next; nothing asserts an absolute time.
 */
import { allocatedPerOp, type Batch, median } from '../support/heap.ts';

/** What one case measured. */
export interface BenchResult {
  readonly name: string;
  /** Median over the rounds. */
  readonly nsPerOp: number;
  /** Bytes of garbage for each operation. */
  readonly bytesPerOp: number;
}

/** How long a group measures. */
export interface BenchOptions {
  /** Measured rounds of each case. */
  readonly rounds?: number;
  /** Length of a round. */
  readonly roundMs?: number;
}

/**
 * Measures the cases of a group and prints a line for each, with its ratio to the first one, the baseline. Rounds of
 * the cases alternate, so that a disturbance of the machine falls on all of them.
 *
 * @param cases by name, a setup that returns the batch to time
 */
export function benchGroup(
  title: string,
  cases: Readonly<Record<string, () => Batch>>,
  options: BenchOptions = {},
): readonly BenchResult[] {
  const { rounds = 9, roundMs = 60 } = options;
  const running = Object.entries(cases).map(([name, setup]) => {
    const batch = setup();
    return { name, batch, count: calibrate(batch, roundMs), times: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { batch, count, times } of running) times.push(nsOf(batch, count) / count);
  }
  const results = running.map(({ name, batch, count, times }) => {
    const bytesPerOp = allocatedPerOp(batch, Math.min(count, 20_000));
    return { name, nsPerOp: median(times), bytesPerOp };
  });
  print(title, results);
  return results;
}

/** The count that fills a round; reaching it warms the batch up. */
function calibrate(batch: Batch, roundMs: number): number {
  let count = 1;
  for (;;) {
    const ms = nsOf(batch, count) / 1e6;
    if (ms >= roundMs) return Math.max(1, Math.round((count * roundMs) / ms));
    count = Math.ceil(count * Math.min(4, Math.max(1.2, roundMs / Math.max(ms, 0.001))));
  }
}

function nsOf(batch: Batch, count: number): number {
  const started = process.hrtime.bigint();
  batch(count);
  return Number(process.hrtime.bigint() - started);
}

function print(title: string, results: readonly BenchResult[]): void {
  const base = results[0]!.nsPerOp;
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log(title);
  for (const { name, nsPerOp, bytesPerOp } of results) {
    const ns = nsPerOp.toFixed(1).padStart(10);
    const rate = Math.round(1e9 / nsPerOp)
      .toLocaleString('en-US')
      .padStart(14);
    const ratio = (nsPerOp / base).toFixed(2).padStart(7);
    const bytes = Math.max(0, bytesPerOp).toFixed(1).padStart(8);
    console.log(`  ${name.padEnd(width)} ${ns} ns/op ${rate} op/s ${ratio} x ${bytes} B/op`);
  }
}
