import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SglReader } from '../../src/nvme-device/sgl-reader.ts';
import { SglWriter } from '../../src/nvme-driver/sgl-writer.ts';
import { Sgls, sglDescriptor } from '../../src/wire/nvme-sgl.ts';
import { checkProperty, runs } from '../support/runs.ts';

const LIST = 0x4000;
const memory = new RegionMemory([{ base: 0, size: 1 << 16 }]);
const view = new DataView(memory.regions[0]!.bytes.buffer);

function listOf(...segments: [number, number][]): SgList {
  const sg = new SgList();
  for (const [gpa, length] of segments) sg.pushAddress(gpa, length);
  return sg;
}

describe('SglWriter', () => {
  const writer = new SglWriter(memory, 4, 1 << 20, false);
  const strict = new SglWriter(memory, 4, 1 << 20, true);

  it('puts a single piece into the command itself', () => {
    const sqe = new Int32Array(16);
    expect(writer.write(listOf([0x1_0000_0003, 77]), sqe, LIST)).toBe(0x4000);
    expect([...sqe.subarray(6, 10)]).toEqual([3, 1, 77, 0]);
  });

  it('names a last segment of as many descriptors as there are pieces', () => {
    const sqe = new Int32Array(16);
    writer.write(listOf([0x1000, 512], [0x9001, 3], [2 ** 40 + 5, 4096]), sqe, LIST);
    expect([...sqe.subarray(6, 10)]).toEqual([LIST, 0, 48, 3 << 28]);
    const found = [0, 1, 2].map((i) => [
      sglDescriptor.address.get(view, LIST + 16 * i),
      sglDescriptor.length.get(view, LIST + 16 * i),
      sglDescriptor.type.get(view, LIST + 16 * i),
    ]);
    expect(found).toEqual([
      [0x1000, 512, 0],
      [0x9001, 3, 0],
      [2 ** 40 + 5, 4096, 0],
    ]);
  });

  it('refuses what is too much, what is not aligned, and what has nowhere to go', () => {
    const sqe = new Int32Array(16);
    const five = listOf(...Array.from({ length: 5 }, (_, i): [number, number] => [i * 64, 64]));
    expect(writer.write(five, sqe, LIST)).toBe(-1);
    expect(writer.write(listOf([0, (1 << 20) + 1]), sqe, LIST)).toBe(-1);
    expect(strict.write(listOf([2, 4]), sqe, LIST)).toBe(-1);
    expect(strict.write(listOf([4, 6]), sqe, LIST)).toBe(-1);
    expect(strict.write(listOf([4, 8]), sqe, LIST)).toBe(0x4000);
    expect(writer.write(listOf([0, 4], [8, 4]), sqe, 1 << 30)).toBe(-1);
  });

  it('says to a controller exactly what it was given', () => {
    const segment = fc.tuple(fc.nat(2 ** 45), fc.integer({ min: 1, max: 5000 }));
    const big = new SglWriter(memory, 40, 1 << 20, false);
    const reader = new SglReader(memory, Sgls.anyAlignment, 0);
    checkProperty(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 40 }), (segments) => {
        const sg = listOf(...segments);
        const sqe = new Int32Array(16);
        expect(big.write(sg, sqe, LIST)).toBe(0x4000);
        const got = new SgList();
        expect(reader.map(sqe, sg.byteLength, true, got)).toBe(0);
        const pieces = (list: SgList) =>
          Array.from({ length: list.count }, (_, i) => [list.gpa(i), list.lengths[i]]);
        expect(pieces(got)).toEqual(pieces(sg));
      }),
      runs(50, 400),
    );
  });
});
