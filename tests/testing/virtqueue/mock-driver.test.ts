import { describe, expect, it } from 'vitest';
import { PopResult } from '../../../src/interfaces/index.ts';
import {
  DATA_BASE,
  libraryVirtqueue,
  MockPackedDriver,
  MockSplitDriver,
  makeChain,
  QueueWorld,
  writeTable,
} from '../../../src/testing/virtqueue/index.ts';

const features = { size: 4, eventIdx: false, indirect: true, inOrder: false };

describe('a driver by hand', () => {
  it('sends a split chain and sees it used', () => {
    const { areas, device } = new QueueWorld(libraryVirtqueue, { ...features, format: 'split' });
    const driver = new MockSplitDriver(areas, 4);
    driver.send(1, [
      { gpa: DATA_BASE, length: 8 },
      { gpa: DATA_BASE + 64, length: 16, flags: 2 },
    ]);
    const chain = makeChain();
    expect(device.pop(chain)).toBe(PopResult.chain);
    expect([chain.id, chain.descriptorCount]).toEqual([1, 2]);
    expect([chain.readable.byteLength, chain.writable.byteLength]).toEqual([8, 16]);
    device.addUsed(chain.id, chain.descriptorCount, 5);
    expect(driver.takeUsed()).toEqual([[1, 5]]);
    expect(driver.takeUsed()).toEqual([]);
  });

  it('sends packed chains past the end of the ring, by table too', () => {
    const world = new QueueWorld(libraryVirtqueue, { ...features, format: 'packed' });
    const driver = new MockPackedDriver(world.areas, 4);
    const chain = makeChain();
    for (let id = 0; id < 3; id++) {
      driver.send([
        { gpa: DATA_BASE, length: 8, id },
        { gpa: DATA_BASE + 64, length: 16, flags: 2, id },
      ]);
      expect(world.device.pop(chain)).toBe(PopResult.chain);
      world.device.addUsed(chain.id, chain.descriptorCount, id);
      expect(driver.usedAt((2 * id) % 4)).toEqual([id, id]);
    }
    expect(driver.flagsOf(0)).toBe(2);
    writeTable(world.memory, DATA_BASE, 'packed', [{ gpa: DATA_BASE + 4096, length: 1 }]);
    driver.send([{ gpa: DATA_BASE, length: 16, flags: 4, id: 3 }]);
    expect(world.device.pop(chain)).toBe(PopResult.chain);
    expect(chain.readable.gpa(0)).toBe(DATA_BASE + 4096);
  });
});
