import { describe, expect, it } from 'vitest';
import { PopResult } from '../../../src/interfaces/index.ts';
import {
  illegalChains,
  libraryVirtqueue,
  makeChain,
  QueueWorld,
} from '../../../src/testing/virtqueue/index.ts';
import { DeviceFault } from '../../../src/virtqueue/index.ts';

const cases = illegalChains.flatMap((illegal, at) =>
  illegal.formats.map((format) => ({ ...illegal, format, at })),
);

describe('a strict device', () => {
  it.each(cases)('refuses on a $format ring: $reason ($at)', ({ send, format, reason }) => {
    const config = { format, size: 4, eventIdx: false, indirect: true, inOrder: false };
    const world = new QueueWorld(libraryVirtqueue, config);
    send(world, format);
    expect(world.device.pop(makeChain())).toBe(PopResult.broken);
    expect(world.device.brokenReason).toBe(reason);
  });

  it('has a chain here for each reason but those that need a queue of their own', () => {
    const here = new Set(illegalChains.map(({ reason }) => reason));
    const elsewhere = Object.values(DeviceFault).filter((reason) => !here.has(reason));
    expect(elsewhere).toEqual([
      DeviceFault.idInFlight,
      DeviceFault.tooManyInFlight,
      DeviceFault.rangeWraps,
      DeviceFault.chainTooLong,
      DeviceFault.indirectNotNegotiated,
    ]);
  });
});
