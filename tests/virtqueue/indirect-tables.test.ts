import { expect, it } from 'vitest';
import { IndirectArea } from '../../src/virtqueue/index.ts';

it('an area has a place for each chain, up to its size', () => {
  const area = new IndirectArea(0x1000, 4, 8);
  expect([area.take(0, 8), area.take(3, 2)]).toEqual([0x1000, 0x1000 + 3 * 128]);
  expect(area.take(1, 9)).toBe(-1);
  area.give(0);
  expect(area.take(0, 1)).toBe(0x1000);
});

it('an area is refused when it is not aligned, too large or of too small tables', () => {
  expect(() => new IndirectArea(0x1008, 4, 8)).toThrow(/base/);
  expect(() => new IndirectArea(2 ** 53 - 16, 4, 8)).toThrow(/base/);
  expect(() => new IndirectArea(0, 4, 1)).toThrow(/maxCount/);
  expect(() => new IndirectArea(0, 4, 65_537)).toThrow(/maxCount/);
});
