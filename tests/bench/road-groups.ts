/** What the road benches time: jobs on a whole stack, beside the bare copy of the same bytes and a virtqueue round trip. */
import type { Road } from '../../src/stack/config.ts';
import { copyBatch, type RoadJob, roadBatch, roadStack } from '../support/road-batch.ts';
import { benchGroup } from './harness.ts';
import { splitLoop } from './virtqueue-loops.ts';

/** Times one road and backend; both sizes, both directions, both depths. In a process of its own. */
export function benchRoad(road: Road, backend: 'rd_mcp' | 'nullio'): void {
  const stack = roadStack(road, backend);
  for (const bytes of [512, 4096]) {
    const job = (depth: number, isRead: boolean): RoadJob => ({ bytes, depth, isRead });
    const results = benchGroup(`${road} and ${backend}: random I/O of ${bytes} bytes over 64 MiB`, {
      'the bare copy, read': () => copyBatch(job(32, true)),
      'the bare copy, write': () => copyBatch(job(32, false)),
      'read, QD 32': () => roadBatch(stack, job(32, true)),
      'write, QD 32': () => roadBatch(stack, job(32, false)),
      'read, QD 1': () => roadBatch(stack, job(1, true)),
      'write, QD 1': () => roadBatch(stack, job(1, false)),
      'a virtqueue round trip, 32 at a time': splitLoop('typed', 32),
    });
    if (backend === 'nullio') continue;
    for (const [at, name] of [
      'read, QD 32',
      'write, QD 32',
      'read, QD 1',
      'write, QD 1',
    ].entries()) {
      const above = results[2 + at]!.nsPerOp - results[at & 1]!.nsPerOp;
      console.log(`  ${name}: the bare copy + ${above.toFixed(0)} ns`);
    }
  }
}
