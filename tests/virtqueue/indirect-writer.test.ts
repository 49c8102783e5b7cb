import { expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import { RegionMemory, typedRing } from '../../src/memory/index.ts';
import { IndirectArea } from '../../src/virtqueue/index.ts';
import { IndirectWriter } from '../../src/virtqueue/indirect-writer.ts';

function lists(): [SgList, SgList] {
  const out = new SgList();
  const into = new SgList();
  out.push(0x10, 0xffff_ffff, 1);
  into.push(0x20, 0, 2);
  into.push(0x30, 0, 3);
  return [out, into];
}

function words(memory: RegionMemory, gpa: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => memory.read32(gpa + 4 * i));
}

it('a linked table has NEXT but on the last entry, and a next on all; a packed one neither', () => {
  const memory = new RegionMemory([{ base: 0x1000, size: 0x1000 }]);
  const writer = new IndirectWriter(memory, new IndirectArea(0x1000, 4, 4));
  expect(writer.write(1, ...lists(), true)).toBe(0x1040);
  expect(words(memory, 0x1040, 12)).toEqual([
    ...[0x10, 0xffff_ffff, 1, 0x1_0001],
    ...[0x20, 0, 2, 0x2_0003],
    ...[0x30, 0, 3, 0x3_0002],
  ]);
  expect(writer.write(2, ...lists(), false)).toBe(0x1080);
  expect(words(memory, 0x1080, 12).filter((_, i) => i % 4 === 3)).toEqual([0, 0x2_0000, 0x2_0000]);
});

it('there is no table without room or memory for it', () => {
  const memory = new RegionMemory([{ base: 0x1000, size: 0x40 }]);
  const writer = new IndirectWriter(memory, new IndirectArea(0x1000, 4, 3));
  expect(writer.write(0, ...lists(), true)).toBe(0x1000);
  expect(writer.write(1, ...lists(), true)).toBe(-1);
  const small = new IndirectWriter(memory, new IndirectArea(0x1000, 4, 2));
  expect(small.write(0, ...lists(), true)).toBe(-1);
});

it('a descriptor points at a table anywhere below 2^53', () => {
  const memory = new RegionMemory([{ base: 0x1000, size: 0x40 }]);
  const writer = new IndirectWriter(memory, new IndirectArea(0, 4, 3));
  const desc = typedRing(memory, 0x1000, 16)!;
  writer.point(desc, 0, 2 ** 52 + 16, 3, 0x1234);
  expect(words(memory, 0x1000, 4)).toEqual([16, 0x10_0000, 48, 0x1234]);
});

it('a table of more entries than ever before is written whole', () => {
  const memory = new RegionMemory([{ base: 0, size: 0x4000 }]);
  const writer = new IndirectWriter(memory, new IndirectArea(0, 1, 200));
  const out = new SgList();
  for (let i = 0; i < 200; i++) out.push(i, 0, 1);
  expect(writer.write(0, out, new SgList(), true)).toBe(0);
  expect(words(memory, 199 * 16, 4)).toEqual([199, 0, 1, 200 << 16]);
});
