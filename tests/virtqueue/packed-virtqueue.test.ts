import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import { NO_TOKEN, VirtqueueResult } from '../../src/interfaces/index.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import {
  DriverFault,
  mapRing,
  PackedVirtqueue,
  ringLayout,
  type VirtqueueDriverOptions,
} from '../../src/virtqueue/index.ts';

function world(size: number, options: VirtqueueDriverOptions = { callback: () => {} }) {
  const memory = new RegionMemory([{ base: 0, size: 0x1000 }]);
  const areas = mapRing(memory, ringLayout('packed', size), 0)!;
  const queue = new PackedVirtqueue(areas, memory, size, () => true, options);
  /** The device's hand: a used descriptor. */
  const use = (slot: number, id: number, length: number, wrap = 1): void => {
    areas.descriptors.set32(16 * slot + 8, length);
    areas.descriptors.set16(16 * slot + 12, id);
    areas.descriptors.set16(16 * slot + 14, wrap === 1 ? 0x8080 : 0);
  };
  const flags = () =>
    Array.from({ length: size }, (_, slot) => areas.descriptors.get16(16 * slot + 14));
  return { areas, queue, use, flags };
}

function list(...lengths: number[]): SgList {
  const sg = new SgList();
  lengths.forEach((length, i) => {
    sg.push(0x8000 + 0x100 * i, 0, length);
  });
  return sg;
}

const none = list();

describe('a packed driver', () => {
  it('turns its flags over inside a chain that runs past the end', () => {
    const { queue, use, flags } = world(3);
    queue.addSgs(list(1), list(2), 0);
    expect(flags()).toEqual([0x81, 0x82, 0]);
    use(0, 0, 0);
    expect(queue.getBuf()).toBe(0);
    queue.addSgs(list(1), list(2), 1);
    expect(flags()).toEqual([0x8002, 0x82, 0x81]);
  });

  it('never notifies on noSpace', () => {
    let kicks = 0;
    const { areas } = world(1);
    const memory = new RegionMemory([{ base: 0, size: 4 }]);
    const queue = new PackedVirtqueue(areas, memory, 1, () => ++kicks > 0, {});
    queue.addSgs(list(1), none, 0);
    expect(queue.addSgs(list(1), none, 1)).toBe(VirtqueueResult.noSpace);
    expect(kicks).toBe(0);
  });

  it.each([
    [4, DriverFault.usedIdRange],
    [0xffff, DriverFault.usedIdRange],
    [1, DriverFault.usedIdNotHead],
  ])('breaks on used id %d: %s', (id, reason) => {
    const { queue, use } = world(4);
    queue.addSgs(list(1), list(2), 5);
    use(0, id, 0);
    expect(queue.getBuf()).toBe(NO_TOKEN);
    expect(queue.brokenReason).toBe(reason);
    expect([queue.notify(), queue.interrupt(), queue.poll(0x8000)]).toEqual([false, true, false]);
  });

  it('kicks unless the device says never, or means a position that was not passed', () => {
    const { areas, queue } = world(4);
    const kicks = (flags: number, offWrap = 0): boolean => {
      areas.device.set16(0, offWrap);
      areas.device.set16(2, flags);
      return queue.kickPrepare();
    };
    queue.addSgs(list(1), none, 0);
    // The event index feature is not asked for.
    expect([kicks(2, 0x8000), kicks(2, 0x8000)]).toEqual([true, false]);
    expect([kicks(0), kicks(1), kicks(3)]).toEqual([true, false, true]);
    queue.addSgs(list(1), none, 1);
    expect(kicks(2, 0x8000)).toBe(false);
  });

  it('finds nothing at a mark of another ring', () => {
    const { queue } = world(2);
    expect(queue.poll(0x7fff)).toBe(false);
  });

  it('refuses a token that is none, and has room for exactly its size', () => {
    const { queue } = world(2);
    expect(() => queue.addSgs(list(1), none, 1.5)).toThrow(/token/);
    expect(() => queue.addSgs(none, none, 1)).toThrow(/segment/);
    expect(queue.addSgs(list(1, 2, 3), none, 1)).toBe(VirtqueueResult.noSpace);
    expect(queue.addSgs(list(1, 2), none, 1)).toBe(VirtqueueResult.ok);
  });

  it('in order, takes a batch from one descriptor and says so to interrupt, poll and enableCb', () => {
    let calls = 0;
    const { queue, use } = world(4, { inOrder: true, callback: () => calls++ });
    for (let token = 0; token < 3; token++) queue.addSgs(none, list(10 + token), token);
    use(0, 2, 5);
    expect([queue.getBuf(), queue.usedLength]).toEqual([0, 10]);
    expect([queue.interrupt(), calls, queue.enableCb(), queue.enableCbDelayed()]).toEqual([
      true,
      1,
      false,
      false,
    ]);
    expect([queue.getBuf(), queue.usedLength]).toEqual([1, 11]);
    expect([queue.getBuf(), queue.usedLength]).toEqual([2, 5]);
    expect([queue.getBuf(), queue.interrupt(), queue.enableCb()]).toEqual([NO_TOKEN, false, true]);
    expect(queue.numFree).toBe(4);
  });
});
