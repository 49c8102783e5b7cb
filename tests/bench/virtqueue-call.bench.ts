/** The same round trips with the ring reached through calls; in a process of its own, as a run has one form of ring. */
import { benchGroup } from './harness.ts';
import { bareLoop, packedLoop, splitLoop } from './virtqueue-loops.ts';

benchGroup('virtqueue round trip through calls, one at a time', {
  'bare typed arrays': bareLoop(1),
  split: splitLoop('call', 1),
  packed: packedLoop('call', 1),
});
benchGroup('virtqueue round trip through calls, 32 at a time', {
  'bare typed arrays': bareLoop(32),
  split: splitLoop('call', 32),
  packed: packedLoop('call', 32),
});
