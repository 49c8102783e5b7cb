import { expect, it } from 'vitest';
import { packedLoop, splitLoop } from '../bench/virtqueue-loops.ts';
import { allocatedPerOp } from '../support/heap.ts';

it.each([
  ['split', splitLoop('typed', 1)],
  ['split, 32 at a time', splitLoop('typed', 32)],
  ['split with indirect tables', splitLoop('typed', 1, true)],
  ['packed', packedLoop('typed', 1)],
  ['packed, 32 at a time', packedLoop('typed', 32)],
  ['packed with indirect tables', packedLoop('typed', 1, true)],
])('a round trip allocates nothing: %s', (_name, setup) => {
  expect(allocatedPerOp(setup(), 32_000)).toBeLessThan(0.5);
});
