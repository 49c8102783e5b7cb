import { expect, it } from 'vitest';
import { ROADS } from '../../src/stack/config.ts';
import { allocatedPerOp } from '../support/heap.ts';
import { roadBatch, roadStack } from '../support/road-batch.ts';

const jobs = [512, 4096].flatMap((bytes) =>
  [true, false].map((isRead) => ({ bytes, isRead, depth: 32 })),
);

it.each(ROADS)('reads and writes on the whole road allocate nothing: %s', (road) => {
  const stack = roadStack(road, 'rd_mcp');
  const batches = jobs.map((job) => roadBatch(stack, job));
  const all = (count: number): void => {
    for (const batch of batches) batch(count >> 2);
  };
  // The compiler has its last word on these paths later than on a single loop.
  all(200_000);
  expect(allocatedPerOp(all)).toBeLessThan(0.1);
});
