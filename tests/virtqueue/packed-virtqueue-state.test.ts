import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import {
  DATA_BASE,
  libraryVirtqueue,
  makeChain,
  QueueWorld,
} from '../../src/testing/virtqueue/index.ts';
import { PackedVirtqueue } from '../../src/virtqueue/index.ts';

const config = {
  format: 'packed',
  size: 4,
  eventIdx: true,
  indirect: false,
  inOrder: true,
} as const;

function list(length: number): SgList {
  const sg = new SgList();
  sg.pushAddress(DATA_BASE, length);
  return sg;
}

function inFlight(): { world: QueueWorld; queue: PackedVirtqueue } {
  const world = new QueueWorld(libraryVirtqueue, config);
  for (let token = 5; token < 8; token++) world.driver.addSgs(new SgList(), list(token), token);
  const chain = makeChain();
  for (let i = 0; i < 3; i++) world.device.pop(chain);
  world.device.fillUsed(0, 1, 5);
  world.device.fillUsed(1, 1, 2);
  world.device.flushUsed();
  return { world, queue: world.driver as PackedVirtqueue };
}

describe('a saved packed driver', () => {
  it('goes on in another one, in the middle of a batch', () => {
    const { world, queue } = inFlight();
    expect([queue.getBuf(), queue.usedLength]).toEqual([5, 5]);
    const options = { eventIdx: true, inOrder: true, callback: () => {} };
    const copy = new PackedVirtqueue(world.areas, world.memory, 4, () => true, options);
    const saved = queue.save();
    expect(saved.batch.end).toBe(1);
    copy.restore(JSON.parse(JSON.stringify(saved)));
    expect(copy.save()).toEqual(saved);
    expect([copy.getBuf(), copy.usedLength]).toEqual([6, 2]);
    world.device.addUsed(2, 1, 1);
    expect([copy.getBuf(), copy.usedLength, copy.numFree]).toEqual([7, 1, 4]);
  });

  it.each([
    ['format', 'split'],
    ['size', 2],
    ['chains', null],
    ['batch', { oldest: 3, end: -1, length: 0 }],
    ['nextAvail', 4],
    ['availWrap', 2],
    ['eventFlags', 3],
    ['numAdded', 65_536],
    ['lastUsed', 4],
    ['usedWrap', -1],
    ['eventTriggered', 0],
    ['usedLength', '5'],
    ['brokenReason', 'constructor'],
  ])('is refused with %s %j, and nothing changes', (key, value) => {
    const { queue } = inFlight();
    const saved = queue.save();
    expect(() => queue.restore({ ...saved, lastUsed: 1, [key]: value })).toThrow(`state.${key}`);
    expect(queue.save()).toEqual(saved);
  });

  it('is refused when it is no object', () => {
    const { queue } = inFlight();
    for (const state of [undefined, null, 7, 'state', []]) {
      expect(() => queue.restore(state)).toThrow(/^state/);
    }
  });
});
