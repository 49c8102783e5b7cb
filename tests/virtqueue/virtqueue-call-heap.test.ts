import { expect, it } from 'vitest';
import { packedLoop, splitLoop } from '../bench/virtqueue-loops.ts';
import { allocatedPerOp } from '../support/heap.ts';

it.each([
  ['split', splitLoop('call', 32)],
  ['packed', packedLoop('call', 32)],
])('a round trip allocates nothing on a ring that is reached through calls: %s', (_name, setup) => {
  expect(allocatedPerOp(setup(), 32_000)).toBeLessThan(0.5);
});
