/** Round trips of the virtqueue on typed arrays, beside a bare loop. Queue size 256, one readable and one writable segment. */
import { benchGroup } from './harness.ts';
import { bareLoop, packedLoop, splitLoop } from './virtqueue-loops.ts';

benchGroup('virtqueue round trip, one at a time', {
  'bare typed arrays': bareLoop(1),
  split: splitLoop('typed', 1),
  packed: packedLoop('typed', 1),
  'split indirect': splitLoop('typed', 1, true),
  'packed indirect': packedLoop('typed', 1, true),
});
benchGroup('virtqueue round trip, 32 at a time', {
  'bare typed arrays': bareLoop(32),
  split: splitLoop('typed', 32),
  packed: packedLoop('typed', 32),
  'split indirect': splitLoop('typed', 32, true),
  'packed indirect': packedLoop('typed', 32, true),
});
