/** Arbitraries of buffers and queues for fast-check. */
import fc from 'fast-check';
import type { QueueConfig } from './queue-world.ts';
import { MAX_SCRIPT, type ScriptedBuffer } from './run-queue-script.ts';

const segmentLength = fc.oneof(fc.constantFrom(1, 512), fc.integer({ min: 1, max: 600 }));

/** A buffer of one to `maxSegments` segments (at most 6), readable ones first. */
export function bufferArbitrary(maxSegments = 4): fc.Arbitrary<ScriptedBuffer> {
  return fc
    .tuple(
      fc.array(segmentLength, { minLength: 1, maxLength: maxSegments }),
      fc.nat({ max: maxSegments }),
    )
    .map(([lengths, split]) => ({ out: lengths.slice(0, split), into: lengths.slice(split) }));
}

/** A script of buffers that each fit a queue of `size` descriptors. */
export function scriptArbitrary(size: number, maxBuffers = 60): fc.Arbitrary<ScriptedBuffer[]> {
  const maxLength = Math.min(maxBuffers, MAX_SCRIPT);
  return fc.array(bufferArbitrary(Math.min(size, 4)), { minLength: 1, maxLength });
}

/** Any queue of a small size; packed sizes need not be powers of two. */
export function queueConfigArbitrary(): fc.Arbitrary<QueueConfig> {
  const shape = fc.oneof(
    fc.record({ format: fc.constant('split' as const), size: fc.constantFrom(1, 2, 4, 8, 16) }),
    fc.record({ format: fc.constant('packed' as const), size: fc.integer({ min: 1, max: 17 }) }),
  );
  const features = fc.record({
    eventIdx: fc.boolean(),
    indirect: fc.boolean(),
    inOrder: fc.boolean(),
  });
  return fc.tuple(shape, features).map(([a, b]) => ({ ...a, ...b }));
}
