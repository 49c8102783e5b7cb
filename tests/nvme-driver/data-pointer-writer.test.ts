import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { DataPointerWriter } from '../../src/nvme-driver/data-pointer-writer.ts';
import { PrpWriter } from '../../src/nvme-driver/prp-writer.ts';
import { SglWriter } from '../../src/nvme-driver/sgl-writer.ts';
import { Psdt } from '../../src/wire/nvme-sgl.ts';

const LIST = 0x8000;
const memory = new RegionMemory([{ base: 0, size: 1 << 20 }]);
const prps = new PrpWriter(memory, 4096, 16);
const sgls = new SglWriter(memory, 8, 1 << 16, false);

/** PSDT, or -1, for segments of this many bytes, page after page. */
function psdtOf(writer: DataPointerWriter, start: number, ...lengths: number[]): number {
  const sg = new SgList();
  lengths.forEach((length, i) => void sg.pushAddress(start + 0x3000 * i, length));
  return writer.write(sg, new Int32Array(16), LIST);
}

describe('DataPointerWriter', () => {
  it('takes an SGL from the threshold on, counted as the mean of the segments', () => {
    const writer = new DataPointerWriter(prps, sgls, 8192);
    expect(psdtOf(writer, 0x1000, 4096)).toBe(0);
    expect(psdtOf(writer, 0x1000, 8191)).toBe(0);
    expect(psdtOf(writer, 0x1000, 8192)).toBe(Psdt.sgl);
    expect(psdtOf(writer, 0x1000, 4096, 12_288)).toBe(Psdt.sgl);
    expect(psdtOf(writer, 0x1000, 4096, 12_287)).toBe(0);
  });

  it('takes an SGL for what PRPs cannot say, whatever the threshold', () => {
    for (const threshold of [0, 1 << 26]) {
      const writer = new DataPointerWriter(prps, sgls, threshold);
      expect(psdtOf(writer, 0x1001, 512)).toBe(Psdt.sgl);
      expect(psdtOf(writer, 0x1000, 512, 512)).toBe(Psdt.sgl);
      expect(psdtOf(writer, 0x1000, 65_536)).toBe(0);
    }
  });

  it('takes PRPs where the controller knows nothing else, and refuses what neither can say', () => {
    const plain = new DataPointerWriter(prps, undefined, 4096);
    expect(psdtOf(plain, 0x1000, 65_536)).toBe(0);
    expect(psdtOf(plain, 0x1000, 512, 512)).toBe(-1);
    const both = new DataPointerWriter(prps, sgls, 0);
    expect(psdtOf(both, 0x1001, ...new Array<number>(9).fill(512))).toBe(-1);
  });

  it('clears the pointers of a command without data', () => {
    const sqe = new Int32Array(16).fill(-1);
    expect(new DataPointerWriter(prps, sgls, 1).write(new SgList(), sqe, LIST)).toBe(0);
    expect([...sqe.subarray(6, 10)]).toEqual([0, 0, 0, 0]);
  });
});
