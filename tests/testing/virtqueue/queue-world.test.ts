import { expect, it } from 'vitest';
import { SgList } from '../../../src/base/index.ts';
import { CallRing, TypedRing } from '../../../src/memory/index.ts';
import {
  DATA_BASE,
  libraryVirtqueue,
  makeChain,
  QueueWorld,
} from '../../../src/testing/virtqueue/index.ts';

const config = {
  format: 'packed',
  size: 3,
  eventIdx: false,
  indirect: true,
  inOrder: false,
} as const;

it('a world has both sides on one ring and keeps the kick', () => {
  const world = new QueueWorld(libraryVirtqueue, config);
  expect(world.areas.driver).toBeInstanceOf(TypedRing);
  const out = new SgList();
  out.pushAddress(DATA_BASE, 8);
  out.pushAddress(DATA_BASE + 8, 8);
  world.driver.addSgs(out, new SgList(), 1);
  world.driver.kick();
  expect(world.isKicked).toBe(true);
  const chain = makeChain();
  expect(world.device.pop(chain)).toBe(1);
  expect([chain.descriptorCount, chain.readable.count]).toEqual([1, 2]);
});

it('a world can be made of calls, with something in between', () => {
  const sides: string[] = [];
  const world = new QueueWorld(libraryVirtqueue, config, 'call', (area, side) => {
    sides.push(side);
    expect(area).toBeInstanceOf(CallRing);
    return area;
  });
  expect(world.driver.vringSize).toBe(3);
  expect(sides).toEqual(['driver', 'driver', 'driver', 'device', 'device', 'device']);
});
