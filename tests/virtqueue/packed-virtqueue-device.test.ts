import { describe, expect, it } from 'vitest';
import { PopResult } from '../../src/interfaces/index.ts';
import {
  DATA_BASE,
  libraryVirtqueue,
  MockPackedDriver,
  makeChain,
  type QueueConfig,
  QueueWorld,
} from '../../src/testing/virtqueue/index.ts';
import { DeviceFault, PackedVirtqueueDevice } from '../../src/virtqueue/index.ts';

function world(features: Partial<QueueConfig> = {}) {
  const config = { format: 'packed', size: 4, eventIdx: false, indirect: false, inOrder: false };
  const queue = new QueueWorld(libraryVirtqueue, { ...config, ...features } as QueueConfig);
  const { areas, memory } = queue;
  const device = queue.device as PackedVirtqueueDevice;
  return { areas, device, memory, driver: new MockPackedDriver(areas, 4), chain: makeChain() };
}

const one = (id: number) => [{ gpa: DATA_BASE, length: 16, flags: 2, id }];
const two = (id: number) => [{ gpa: DATA_BASE, length: 8, id }, ...one(id)];

describe('a packed device', () => {
  it('refuses a table when the feature was not agreed on', () => {
    const { device, driver, chain } = world();
    driver.send([{ gpa: DATA_BASE, length: 16, flags: 4 }]);
    expect(device.pop(chain)).toBe(PopResult.broken);
    expect(device.brokenReason).toBe(DeviceFault.indirectNotNegotiated);
  });

  it('takes the id of the last descriptor, and marks used what it wrote into', () => {
    const { areas, device, driver, chain } = world();
    driver.send([{ gpa: DATA_BASE, length: 8, id: 3 }, ...one(1)]);
    expect([device.pop(chain), chain.id, chain.descriptorCount]).toEqual([1, 1, 2]);
    device.addUsed(1, 2, 4);
    expect([driver.flagsOf(0), driver.usedAt(0)]).toEqual([0x8082, [1, 4]]);
    driver.send([{ gpa: DATA_BASE, length: 8, id: 2 }]);
    device.pop(chain);
    device.addUsed(2, 1, 9);
    // Nothing of it was writable, whatever the length says.
    expect(driver.flagsOf(2)).toBe(0x8080);
    expect(areas.descriptors.get32(16 * 2)).toBe(DATA_BASE);
  });

  it('has no more chains out than descriptors', () => {
    const { device, driver, chain } = world();
    for (let i = 0; i < 5; i++) {
      driver.send(one(0));
      expect(device.pop(chain)).toBe(i < 4 ? PopResult.chain : PopResult.broken);
    }
    expect(device.brokenReason).toBe(DeviceFault.tooManyInFlight);
  });

  it('refuses an id twice when it is used in order', () => {
    const { device, driver, chain } = world({ inOrder: true });
    driver.send(one(2));
    driver.send(one(2));
    expect([device.pop(chain), device.pop(chain)]).toEqual([PopResult.chain, PopResult.broken]);
    expect(device.brokenReason).toBe(DeviceFault.idInFlight);
  });

  it('shows the first of what was filled last', () => {
    const { device, driver, chain } = world();
    driver.send(one(0));
    driver.send(one(1));
    device.pop(chain);
    device.pop(chain);
    device.fillUsed(1, 1, 3);
    device.fillUsed(0, 1, 4);
    expect([driver.flagsOf(0), driver.flagsOf(1)]).toEqual([0x82, 0x8082]);
    expect(() => device.save()).toThrow(/flushed/);
    device.flushUsed();
    expect([driver.flagsOf(0), driver.usedAt(0), driver.usedAt(1)]).toEqual([
      0x8082,
      [1, 3],
      [0, 4],
    ]);
  });

  it('discards chains of several descriptors back over the end of the ring', () => {
    const { device, driver, chain } = world();
    driver.send(two(0));
    device.pop(chain);
    device.addUsed(0, 2, 0);
    driver.send(one(1));
    driver.send(one(2));
    driver.send(two(0));
    for (let i = 0; i < 3; i++) expect(device.pop(chain)).toBe(PopResult.chain);
    device.discard(2);
    expect([device.pop(chain), chain.id]).toEqual([1, 2]);
    expect([device.pop(chain), chain.id, chain.descriptorCount]).toEqual([1, 0, 2]);
    expect(() => device.discard(4)).toThrow(/discard/);
  });

  it("signals by the driver's event structure", () => {
    const { areas, device, driver, chain } = world({ eventIdx: true });
    const use = (): boolean => {
      driver.send(one(0));
      device.pop(chain);
      device.addUsed(0, 1, 0);
      return device.signalNeeded();
    };
    expect([device.signalNeeded(), use()]).toEqual([false, true]);
    areas.driver.set16(2, 1);
    expect(use()).toBe(false);
    // At slot 3 of the first round; then at slot 1 of the second.
    areas.driver.set16(0, 0x8003);
    areas.driver.set16(2, 2);
    expect([use(), use()]).toEqual([false, true]);
    areas.driver.set16(0, 0x0001);
    expect([use(), use(), use()]).toEqual([false, true, false]);
  });

  it('asks for kicks at its position, and finds what came meanwhile', () => {
    const event = world({ eventIdx: true });
    event.device.disableNotify();
    expect(event.areas.device.get16(2)).toBe(1);
    expect(event.device.enableNotify()).toBe(false);
    expect([event.areas.device.get16(0), event.areas.device.get16(2)]).toEqual([0x8000, 2]);
    const plain = world();
    plain.driver.send(one(0));
    expect(plain.device.enableNotify()).toBe(true);
    expect(plain.areas.device.get32(0)).toBe(0);
  });

  it('does nothing any more once it is broken, and starts over after reinit', () => {
    const { areas, device, driver, chain } = world();
    driver.send(one(0));
    device.pop(chain);
    driver.send(one(9));
    device.pop(chain);
    device.addUsed(0, 1, 5);
    device.discard(1);
    device.disableNotify();
    expect([device.signalNeeded(), device.enableNotify()]).toEqual([false, false]);
    expect([driver.flagsOf(0), areas.device.get32(0)]).toEqual([0x82, 0]);
    device.reinit();
    expect([device.brokenReason, device.pop(chain)]).toEqual([undefined, PopResult.chain]);
  });

  it('in order, writes one descriptor for a batch and steps over all of it', () => {
    const { device, driver, chain } = world({ inOrder: true });
    driver.send(two(0));
    driver.send(one(1));
    device.pop(chain);
    device.pop(chain);
    device.addUsed(1, 1, 3);
    expect(driver.flagsOf(0)).toBe(0x81);
    device.addUsed(0, 2, 16);
    expect([driver.flagsOf(0), driver.usedAt(0), driver.flagsOf(2)]).toEqual([
      0x8082,
      [1, 3],
      0x82,
    ]);
    driver.send(one(2));
    device.pop(chain);
    device.addUsed(2, 1, 0);
    expect(driver.usedAt(3)).toEqual([2, 0]);
  });
});

describe('a saved packed device', () => {
  it('goes on in another one', () => {
    const { areas, device, memory, driver, chain } = world();
    driver.send(two(0));
    driver.send(one(1));
    device.pop(chain);
    device.pop(chain);
    device.addUsed(1, 1, 4);
    const copy = new PackedVirtqueueDevice(areas, memory, 4);
    copy.restore(JSON.parse(JSON.stringify(device.save())));
    expect(copy.save()).toEqual(device.save());
    copy.addUsed(0, 2, 3);
    expect([driver.usedAt(1), driver.flagsOf(1)]).toEqual([[0, 3], 0x8082]);
    expect(copy.signalNeeded()).toBe(true);
    driver.send(one(2));
    expect([copy.pop(chain), chain.id]).toEqual([1, 2]);
  });

  it.each([
    ['format', 'split'],
    ['size', 3],
    ['lastAvail', 4],
    ['availWrap', 2],
    ['inFlight', -1],
    ['used', 4],
    ['usedWrap', 0.5],
    ['sinceSignal', 65_536],
    ['hasUsed', 'no'],
    ['poppedAt', 4],
    ['popped', [1, 1, 1]],
    ['hasWritable', [0, 0, 0, 2]],
    ['window', 7],
    ['brokenReason', 'toString'],
  ])('is refused with %s %j, and nothing changes', (key, value) => {
    const { device } = world({ inOrder: true });
    const saved = device.save();
    expect(() => device.restore({ ...saved, lastAvail: 1, [key]: value })).toThrow(`state.${key}`);
    expect(device.save()).toEqual(saved);
  });
});
