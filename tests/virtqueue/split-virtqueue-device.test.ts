import { describe, expect, it } from 'vitest';
import { PopResult } from '../../src/interfaces/index.ts';
import {
  DATA_BASE,
  libraryVirtqueue,
  MockSplitDriver,
  makeChain,
  type QueueConfig,
  QueueWorld,
} from '../../src/testing/virtqueue/index.ts';
import { DeviceFault, SplitVirtqueueDevice } from '../../src/virtqueue/index.ts';

function world(features: Partial<QueueConfig> = {}) {
  const config = { format: 'split', size: 4, eventIdx: false, indirect: false, inOrder: false };
  const queue = new QueueWorld(libraryVirtqueue, { ...config, ...features } as QueueConfig);
  const { areas, memory } = queue;
  const device = queue.device as SplitVirtqueueDevice;
  return { areas, device, memory, driver: new MockSplitDriver(areas, 4), chain: makeChain() };
}

const one = [{ gpa: DATA_BASE, length: 16, flags: 2 }];

describe('a split device', () => {
  it('refuses a table when the feature was not agreed on', () => {
    const { device, driver, chain } = world();
    driver.send(0, [{ gpa: DATA_BASE, length: 16, flags: 4 }]);
    expect(device.pop(chain)).toBe(PopResult.broken);
    expect(device.brokenReason).toBe(DeviceFault.indirectNotNegotiated);
  });

  it('has no more chains out than descriptors', () => {
    const { device, driver, chain } = world();
    for (let i = 0; i < 5; i++) {
      driver.send(0, one);
      expect(device.pop(chain)).toBe(i < 4 ? PopResult.chain : PopResult.broken);
    }
    expect(device.brokenReason).toBe(DeviceFault.tooManyInFlight);
  });

  it('refuses a head twice when it is used in order', () => {
    const { device, driver, chain } = world({ inOrder: true });
    driver.send(0, one);
    driver.send(0, one);
    expect([device.pop(chain), device.pop(chain)]).toEqual([PopResult.chain, PopResult.broken]);
    expect(device.brokenReason).toBe(DeviceFault.idInFlight);
  });

  it('does nothing any more once it is broken, and starts over after reinit', () => {
    const { areas, device, driver, chain } = world();
    driver.send(0, one);
    device.pop(chain);
    driver.offer(9);
    device.pop(chain);
    device.addUsed(0, 1, 5);
    device.discard(1);
    device.disableNotify();
    expect([device.signalNeeded(), device.enableNotify()]).toEqual([false, false]);
    expect([areas.device.get16(0), areas.device.get16(2)]).toEqual([0, 0]);
    device.reinit();
    expect([device.brokenReason, device.pop(chain)]).toEqual([undefined, PopResult.chain]);
  });

  it('shows what was filled only when it is flushed', () => {
    const { device, driver, chain } = world();
    for (let head = 0; head < 3; head++) {
      driver.send(head, one);
      device.pop(chain);
    }
    device.fillUsed(2, 1, 7);
    device.fillUsed(0, 1, 8);
    expect(driver.takeUsed()).toEqual([]);
    device.flushUsed();
    expect(driver.takeUsed()).toEqual([
      [2, 7],
      [0, 8],
    ]);
    device.addUsed(1, 1, 0);
    expect(driver.takeUsed()).toEqual([[1, 0]]);
  });

  it('signals by the flag without the event index, and only for what was used', () => {
    const { areas, device, driver, chain } = world();
    driver.send(0, one);
    device.pop(chain);
    expect(device.signalNeeded()).toBe(false);
    device.addUsed(0, 1, 0);
    expect([device.signalNeeded(), device.signalNeeded()]).toEqual([true, false]);
    areas.driver.set16(0, 1);
    driver.send(0, one);
    device.pop(chain);
    device.addUsed(0, 1, 0);
    expect(device.signalNeeded()).toBe(false);
  });

  it('signals with the event index when it passes it', () => {
    const { areas, device, driver, chain } = world({ eventIdx: true });
    const use = (): boolean => {
      driver.send(0, one);
      device.pop(chain);
      device.addUsed(0, 1, 0);
      return device.signalNeeded();
    };
    areas.driver.set16(4 + 8, 1);
    expect([use(), use(), use()]).toEqual([false, true, false]);
  });

  it('asks for kicks at its position, and finds what came meanwhile', () => {
    const plain = world();
    plain.device.disableNotify();
    expect(plain.areas.device.get16(0)).toBe(1);
    plain.driver.send(0, one);
    expect(plain.device.enableNotify()).toBe(true);
    expect(plain.areas.device.get16(0)).toBe(0);
    const event = world({ eventIdx: true });
    event.driver.send(0, one);
    event.device.pop(event.chain);
    event.device.disableNotify();
    expect(event.device.enableNotify()).toBe(false);
    expect(event.areas.device.get16(4 + 32)).toBe(1);
    expect(event.areas.device.get16(0)).toBe(0);
  });

  it('pops again what it discarded; more than is out is misuse', () => {
    const { device, driver, chain } = world();
    driver.send(0, one);
    driver.send(1, one);
    device.pop(chain);
    device.pop(chain);
    device.discard(2);
    expect([device.pop(chain), chain.id, device.pop(chain), chain.id]).toEqual([1, 0, 1, 1]);
    expect(() => device.discard(3)).toThrow(/discard/);
  });

  it('in order, writes one entry for a batch that was written completely', () => {
    const { areas, device, driver, chain } = world({ inOrder: true });
    for (let head = 0; head < 3; head++) {
      driver.send(head, one);
      device.pop(chain);
    }
    device.addUsed(1, 1, 16);
    expect(areas.device.get16(2)).toBe(0);
    device.fillUsed(0, 1, 16);
    device.fillUsed(2, 1, 3);
    device.flushUsed();
    expect(areas.device.get16(2)).toBe(3);
    expect([areas.device.get32(4), areas.device.get32(8), areas.device.get32(12)]).toEqual([
      2, 3, 0,
    ]);
  });

  it("under vringh's rules refuses a bad chain alone and signals even for nothing", () => {
    const { areas, memory, driver, chain } = world();
    const device = new SplitVirtqueueDevice(areas, memory, 4, { leniency: 'vringh' });
    driver.offer(4);
    driver.offer(4);
    expect([device.pop(chain), device.brokenReason]).toEqual([-1, DeviceFault.headRange]);
    // The entry itself was bad: it is not passed over.
    expect([device.pop(chain), chain.id]).toEqual([-1, -1]);
    areas.driver.set16(4, 1);
    driver.describe(1, { ...one[0], flags: 1, next: 9 });
    expect([device.pop(chain), chain.id, device.brokenReason]).toEqual([
      -1,
      1,
      DeviceFault.nextRange,
    ]);
    areas.driver.set16(6, 0);
    driver.describe(0, one[0]!);
    expect([device.pop(chain), chain.id, device.brokenReason]).toEqual([1, 0, undefined]);
    expect(device.signalNeeded()).toBe(true);
  });
});

describe('a saved split device', () => {
  it('goes on in another one', () => {
    const { areas, device, memory, driver, chain } = world({ eventIdx: true, inOrder: true });
    for (let head = 0; head < 3; head++) driver.send(head, one);
    device.pop(chain);
    device.pop(chain);
    device.addUsed(1, 1, 4);
    const copy = new SplitVirtqueueDevice(areas, memory, 4, { eventIdx: true, inOrder: true });
    copy.restore(JSON.parse(JSON.stringify(device.save())));
    expect(copy.save()).toEqual(device.save());
    copy.addUsed(0, 1, 16);
    expect(copy.signalNeeded()).toBe(true);
    expect(driver.takeUsed()).toEqual([
      [1, 4],
      [0, 0],
    ]);
    expect([copy.pop(chain), chain.id]).toEqual([1, 2]);
  });

  it.each([
    ['format', 'packed'],
    ['size', 8],
    ['lastAvail', 65_536],
    ['inFlight', 5],
    ['usedIdx', -1],
    ['signalledUsed', '1'],
    ['hasUsed', 1],
    ['usedFlags', 2],
    ['window', null],
    ['brokenReason', 'because'],
  ])('is refused with %s %j, and nothing changes', (key, value) => {
    const { device } = world({ inOrder: true });
    const saved = device.save();
    expect(() => device.restore({ ...saved, lastAvail: 1, [key]: value })).toThrow(`state.${key}`);
    expect(device.save()).toEqual(saved);
  });
});
