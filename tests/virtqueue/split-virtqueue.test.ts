import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import { NO_TOKEN, VirtqueueResult } from '../../src/interfaces/index.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import {
  DriverFault,
  mapRing,
  ringLayout,
  SplitVirtqueue,
  type VirtqueueDriverOptions,
} from '../../src/virtqueue/index.ts';

const RING = 0x1000;

function world(size: number, options: VirtqueueDriverOptions = { callback: () => {} }) {
  const memory = new RegionMemory([{ base: 0, size: 0x1_0000 }]);
  const areas = mapRing(memory, ringLayout('split', size), RING)!;
  let kicks = 0;
  const notify = (): boolean => {
    kicks += 1;
    return true;
  };
  const queue = new SplitVirtqueue(areas, memory, size, notify, options);
  /** The device's hand: one used entry. */
  const use = (idx: number, id: number, length: number): void => {
    const at = 4 + 8 * ((idx - 1) % size);
    areas.device.set32(at, id);
    areas.device.set32(at + 4, length);
    areas.device.set16(2, idx);
  };
  return { areas, queue, use, kicks: () => kicks };
}

function list(...lengths: number[]): SgList {
  const sg = new SgList();
  lengths.forEach((length, i) => {
    sg.push(0x8000 + 0x100 * i, 0, length);
  });
  return sg;
}

const none = list();

describe('a split driver', () => {
  it('writes a chain, links its last descriptor too, and publishes at once', () => {
    const { areas, queue } = world(4);
    expect(queue.addSgs(list(1, 2), list(3), 7)).toBe(VirtqueueResult.ok);
    const last = (i: number) => areas.descriptors.get32(16 * i + 12);
    expect([last(0), last(1), last(2)]).toEqual([0x1_0001, 0x2_0001, 0x3_0002]);
    expect([areas.driver.get16(2), areas.driver.get16(4)]).toEqual([1, 0]);
    expect(queue.numFree).toBe(1);
  });

  it('notifies on noSpace when the buffer has something to read, and then only', () => {
    const { queue, kicks } = world(1);
    queue.addSgs(none, list(1), 0);
    expect(queue.addSgs(none, list(1), 1)).toBe(VirtqueueResult.noSpace);
    expect(kicks()).toBe(0);
    expect(queue.addSgs(list(1), none, 1)).toBe(VirtqueueResult.noSpace);
    expect(kicks()).toBe(1);
  });

  it('refuses a token or a buffer that is none: the caller is wrong', () => {
    const { queue } = world(2);
    expect(() => queue.addSgs(none, none, 0)).toThrow(/segment/);
    expect(() => queue.addSgs(list(1), none, -1)).toThrow(/token/);
    expect(() => queue.addSgs(list(1), none, 2 ** 31)).toThrow(/token/);
    expect(queue.addSgs(list(1), none, 2 ** 31 - 1)).toBe(VirtqueueResult.ok);
  });

  it('starts with its flag set when there is no callback, and never writes it with the event index', () => {
    expect(world(2, {}).areas.driver.get16(0)).toBe(1);
    const { areas, queue } = world(2, { eventIdx: true });
    queue.enableCb();
    queue.disableCb();
    expect(areas.driver.get16(0)).toBe(0);
  });

  it('runs its callback only when something is used', () => {
    let calls = 0;
    const { queue, use } = world(2, { callback: () => calls++ });
    expect(queue.interrupt()).toBe(false);
    queue.addSgs(list(1), none, 0);
    use(1, 0, 0);
    expect([queue.interrupt(), calls]).toEqual([true, 1]);
  });

  it.each([
    [2, DriverFault.usedIdRange],
    [0xffff_ffff, DriverFault.usedIdRange],
    [1, DriverFault.usedIdNotHead],
  ])('breaks on used id %d: %s', (id, reason) => {
    const { queue, use } = world(2);
    queue.addSgs(list(1), none, 0);
    use(1, id, 0);
    expect(queue.getBuf()).toBe(NO_TOKEN);
    expect(queue.brokenReason).toBe(reason);
    expect(queue.addSgs(list(1), none, 1)).toBe(VirtqueueResult.broken);
    expect(queue.notify()).toBe(false);
    // Not even a good entry mends it.
    use(1, 0, 0);
    expect(queue.getBuf()).toBe(NO_TOKEN);
    // The buffer is not lost.
    expect(queue.detachUnusedBuf()).toBe(0);
  });

  it('breaks when a notification fails', () => {
    const { areas } = world(2);
    const memory = new RegionMemory([{ base: 0, size: 4 }]);
    const queue = new SplitVirtqueue(areas, memory, 2, () => false, { callback: () => {} });
    queue.addSgs(list(1), none, 0);
    expect(queue.kick()).toBe(false);
    expect(queue.brokenReason).toBe(DriverFault.notifyFailed);
  });

  it('reports a used length of 32 bits', () => {
    const { queue, use } = world(2);
    queue.addSgs(none, list(1), 0);
    use(1, 0, 0xffff_ffff);
    expect([queue.getBuf(), queue.usedLength]).toEqual([0, 0xffff_ffff]);
  });

  it('kicks by itself before 2^16 additions', () => {
    const { queue, use, kicks } = world(1);
    for (let i = 1; i <= 0xffff; i++) {
      queue.addSgs(list(1), none, 0);
      use(i, 0, 0);
      queue.getBuf();
    }
    expect(kicks()).toBe(1);
  });
});

describe('a split driver in order', () => {
  const inOrder = { inOrder: true, callback: () => {} };

  it('takes a batch from one entry, what was skipped being used completely', () => {
    const { queue, use, areas } = world(4, inOrder);
    for (let token = 0; token < 3; token++) queue.addSgs(none, list(10 + token), token);
    use(1, 2, 5);
    areas.device.set16(2, 3);
    const taken = [0, 1, 2, 3].map(() => [queue.getBuf(), queue.usedLength]);
    expect(taken.slice(0, 3)).toEqual([
      [0, 10],
      [1, 11],
      [2, 5],
    ]);
    expect(taken[3]![0]).toBe(NO_TOKEN);
    queue.addSgs(list(1), none, 9);
    queue.addSgs(list(1), none, 9);
    // Descriptors follow the ring past its end.
    expect([areas.driver.get16(4 + 2 * 3), areas.driver.get16(4)]).toEqual([3, 0]);
  });

  it('breaks when a batch is longer than what was used', () => {
    const { queue, use } = world(4, inOrder);
    for (let token = 0; token < 3; token++) queue.addSgs(none, list(10), token);
    use(1, 2, 5);
    expect([queue.getBuf(), queue.getBuf()]).toEqual([0, NO_TOKEN]);
    expect(queue.brokenReason).toBe(DriverFault.batchTooLong);
  });
});
