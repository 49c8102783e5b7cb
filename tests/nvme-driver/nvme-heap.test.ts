import { expect, it } from 'vitest';
import { allocatedPerOp } from '../support/heap.ts';
import { nvmeBatch } from '../support/nvme-bench.ts';

it.each([
  ['of one block', nvmeBatch(32, 512)],
  ['over two pages', nvmeBatch(32, 4096, { skew: 512 })],
  ['by a list', nvmeBatch(8, 131_072)],
  ['one at a time', nvmeBatch(1, 512)],
  ['by an SGL', nvmeBatch(8, 131_072, { sgls: true })],
  ['with shadow doorbells', nvmeBatch(32, 512, { shadows: true })],
])('allocates nothing in driver and device for a read %s', (_name, batch) => {
  expect(allocatedPerOp(batch)).toBeLessThan(0.1);
});
