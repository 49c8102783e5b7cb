/** How many bytes of heap an operation takes: garbage that it makes, and memory that it keeps. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Performs `count` operations; a loop inside, so that the harness adds no call per operation. */
export type Batch = (count: number) => void;

/** Garbage of one measured batch stays below this, so that the collector does not run inside of it. */
const QUIET_BYTES = 128 * 1_024;

const ROUNDS = 9;

/**
 * Bytes that one operation allocates, whether it keeps them or not: the median of several batches. An operation that
 * allocates nothing measures below 0.1; one small object is 12 bytes or more.
 *
 * @param maxCount operations of a batch, at most; more find smaller amounts
 */
export function allocatedPerOp(batch: Batch, maxCount = 20_000): number {
  warmUp(batch, maxCount);
  let count = Math.min(16, maxCount);
  let bytes = medianGrowth(batch, count, false);
  // The size is chosen by medians as well: one reading may hold a burst of the engine's own, and a batch that stays short for it
  // divides the fixed cost of a measurement by too few operations.
  while (count < maxCount && bytes < QUIET_BYTES) {
    count = Math.min(count * 4, maxCount);
    bytes = medianGrowth(batch, count, false);
  }
  return bytes / count;
}

/** Bytes that one operation keeps after a full collection: near 0 for what runs forever in bounded memory. */
export function retainedPerOp(batch: Batch, count = 20_000): number {
  warmUp(batch, count);
  return medianGrowth(batch, count, true) / count;
}

function warmUp(batch: Batch, count: number): void {
  for (let round = 0; round < 3; round++) batch(count);
}

function medianGrowth(batch: Batch, count: number, isCollected: boolean): number {
  const idle: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    idle.push(growth(nothing, count, isCollected));
    busy.push(growth(batch, count, isCollected));
  }
  return median(busy) - median(idle);
}

function nothing(): void {}

function growth(batch: Batch, count: number, isCollected: boolean): number {
  collect();
  const before = getHeapStatistics().used_heap_size;
  batch(count);
  if (isCollected) collect();
  return getHeapStatistics().used_heap_size - before;
}

/** The middle value; of two middle values the upper one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
