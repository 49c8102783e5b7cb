import { expect, it } from 'vitest';
import { needsOf } from '../../../src/node/cli/opened-stack.ts';
import { parseJobFile, planWorkload } from '../../../src/workload/index.ts';

it('asks for the memory and the queues of the largest group', () => {
  const file = parseJobFile('a', '[a]\nnumjobs=3\nbs=8k\n[b]\nstonewall\niodepth=16\nbs=4k\n');
  const plan = planWorkload(file, { blockBytes: 512, blockCount: 2048, timePasses: true });
  expect(needsOf(plan)).toEqual({ bufferBytes: 16 * 4096, jobs: 3 });
});
