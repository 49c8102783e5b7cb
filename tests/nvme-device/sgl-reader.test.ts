import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { MAX_SGL_SEGMENTS, SglReader } from '../../src/nvme-device/sgl-reader.ts';
import { SqeWord } from '../../src/wire/nvme-entries.ts';
import { Sgls, SglType } from '../../src/wire/nvme-sgl.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../support/runs.ts';

const BUCKET = 0xf000;
const LIST = 0x2000;
const { dataBlock, bitBucket, segment, lastSegment } = SglType;
type Descriptor = [type: number, gpa: number, length: number, subtype?: number];

function write(memory: RegionMemory, at: number, [type, gpa, length, subtype = 0]: Descriptor) {
  const words = Int32Array.of(gpa, 0, length, (type << 28) | (subtype << 24));
  memory.storeWords(at, words, 0, 4);
}

class Lists {
  readonly memory = new RegionMemory([{ base: 0, size: 1 << 16 }]);
  readonly sg = new SgList();

  put(at: number, ...descriptors: Descriptor[]): void {
    descriptors.forEach((each, i) => {
      write(this.memory, at + 16 * i, each);
    });
  }

  /** Maps `length` bytes by `first`, the descriptor in the command. */
  map(first: Descriptor, length: number, sgls = 1, isRead = true): number {
    const sqe = new Int32Array(16);
    const [type, gpa, bytes, subtype = 0] = first;
    sqe[SqeWord.prp1Lo] = gpa;
    sqe[SqeWord.prp2Lo] = bytes;
    sqe[SqeWord.prp2Hi] = (type << 28) | (subtype << 24);
    this.sg.clear();
    return new SglReader(this.memory, sgls, BUCKET).map(sqe, length, isRead, this.sg);
  }

  get pieces(): [number, number][] {
    return Array.from({ length: this.sg.count }, (_, i) => [this.sg.gpa(i), this.sg.lengths[i]!]);
  }
}

describe('SglReader', () => {
  it('takes a data block in the command', () => {
    const lists = new Lists();
    expect(lists.map([dataBlock, 0x1003, 512], 512)).toBe(0);
    expect(lists.pieces).toEqual([[0x1003, 512]]);
  });

  it('follows segments to the last one, and leaves out empty blocks', () => {
    const lists = new Lists();
    lists.put(LIST, [dataBlock, 0x100, 100], [dataBlock, 0, 0], [segment, 0x3000, 32]);
    lists.put(0x3000, [dataBlock, 0x400, 200], [lastSegment, 0x4000, 16]);
    lists.put(0x4000, [dataBlock, 0x800, 212]);
    expect(lists.map([segment, LIST, 48], 512)).toBe(0);
    expect(lists.pieces).toEqual([
      [0x100, 100],
      [0x400, 200],
      [0x800, 212],
    ]);
  });

  it('swallows what goes to the host into a page of its own, and skips bit buckets the other way', () => {
    const lists = new Lists();
    lists.put(LIST, [dataBlock, 0x100, 512], [bitBucket, 0, 5000], [dataBlock, 0x400, 512]);
    expect(lists.map([lastSegment, LIST, 48], 6024, 1 | Sgls.bitBucket)).toBe(0);
    expect(lists.pieces).toEqual([
      [0x100, 512],
      [BUCKET, 4096],
      [BUCKET, 904],
      [0x400, 512],
    ]);
    expect(lists.map([lastSegment, LIST, 48], 1024, 1 | Sgls.bitBucket, false)).toBe(0);
    expect(lists.pieces).toEqual([
      [0x100, 512],
      [0x400, 512],
    ]);
  });

  const wrongLength = NvmeStatus.invalidDataSglLength;
  const wrongSegment = NvmeStatus.invalidSglSegment;
  const wrongType = NvmeStatus.invalidSglType;
  it.each<[string, Descriptor, number, number?]>([
    ['less data than the transfer', [dataBlock, 0, 511], wrongLength],
    ['no data', [dataBlock, 0, 0], wrongLength],
    ['more data than the transfer', [dataBlock, 0, 513], wrongLength],
    ['a bit bucket that is not advertised', [bitBucket, 0, 512], wrongType],
    ['a keyed data block', [SglType.keyedDataBlock, 0, 512], wrongType],
    ['a transport data block', [SglType.transportDataBlock, 0, 512], wrongType],
    ['a vendor type', [15, 0, 512], wrongType],
    ['an offset for an address', [dataBlock, 0, 512, 1], wrongType],
    ['a segment of no bytes', [segment, LIST, 0], wrongSegment],
    ['a segment of half a descriptor', [lastSegment, LIST, 24], wrongSegment],
    ['a segment without a next one', [segment, 0x8000, 16], wrongSegment],
    ['a segment in the last segment', [lastSegment, 0x8010, 16], wrongSegment],
    ['a segment that is not at the end', [segment, 0x8010, 32], wrongSegment],
    ['a reserved type in a segment', [lastSegment, 0x8030, 32], wrongType],
    ['a segment that is not aligned', [lastSegment, LIST + 1, 16], wrongSegment],
    ['a segment outside the memory', [lastSegment, 1 << 20, 16], NvmeStatus.dataTransferError],
    ['a segment that names itself', [segment, 0x8010, 16], NvmeStatus.invalidSglCount],
    ['a segment of too many descriptors', [segment, 0, 0xffff_fff0], NvmeStatus.invalidSglCount],
    ['an odd address where dwords are asked for', [dataBlock, 2, 512], 0x1e, 2],
    ['an odd length where dwords are asked for', [dataBlock, 4, 510], 0x1e, 2],
  ])('refuses %s', (_what, first, status, sgls = 1) => {
    const lists = new Lists();
    lists.put(0x8000, [dataBlock, 0, 512], [segment, 0x8010, 16], [dataBlock, 0, 512]);
    lists.put(0x8030, [dataBlock, 0, 512], [9, 0, 0]);
    expect(lists.map(first, 512, sgls)).toBe(status);
  });

  it('takes more data than the transfer when that is advertised', () => {
    const lists = new Lists();
    expect(lists.map([dataBlock, 0, 8192], 512, 1 | Sgls.excessLength)).toBe(0);
    expect(lists.pieces).toEqual([[0, 512]]);
  });

  it(`follows ${MAX_SGL_SEGMENTS} segments and no more`, () => {
    for (const count of [MAX_SGL_SEGMENTS, MAX_SGL_SEGMENTS + 1]) {
      const lists = new Lists();
      for (let i = 1; i < count; i++) lists.put(LIST + 16 * i, [segment, LIST + 16 * i + 16, 16]);
      lists.put(LIST + 16 * count, [dataBlock, 0, 512]);
      lists.put(LIST + 16 * (count - 1), [lastSegment, LIST + 16 * count, 16]);
      const isTaken = count === MAX_SGL_SEGMENTS;
      const status = lists.map([segment, LIST + 16, 16], 512);
      expect(status).toBe(isTaken ? 0 : NvmeStatus.invalidSglCount);
    }
  });

  it('finds metadata by the one descriptor that MPTR names', () => {
    const lists = new Lists();
    const map = (descriptor: Descriptor, mptr = LIST) => {
      lists.put(LIST, descriptor);
      const sqe = new Int32Array(16);
      sqe[SqeWord.mptrLo] = mptr;
      lists.sg.clear();
      return new SglReader(lists.memory, 1, 0).mapMetadata(sqe, 64, lists.sg);
    };
    expect([map([dataBlock, 0x101, 64]), lists.pieces]).toEqual([0, [[0x101, 64]]]);
    expect(map([dataBlock, 0x101, 63])).toBe(NvmeStatus.invalidMetadataSglLength);
    expect(map([dataBlock, 0x101, 65])).toBe(NvmeStatus.invalidMetadataSglLength);
    expect(map([lastSegment, 0x101, 64])).toBe(wrongType);
    expect(map([dataBlock, 0x101, 64], LIST + 4)).toBe(wrongSegment);
    expect(map([dataBlock, 0x101, 64], 1 << 20)).toBe(NvmeStatus.dataTransferError);
  });

  it('never names more or less than the transfer, and never fails to end, for any bytes', () => {
    const words = fc.array(fc.oneof(fc.nat(0xffff), fc.integer()), { minLength: 4, maxLength: 64 });
    const kinds = fc.array(fc.nat(5), { minLength: 16, maxLength: 16 });
    checkProperty(
      fc.property(words, kinds, fc.nat(4096), (list, types, length) => {
        const lists = new Lists();
        for (let i = 0; i < list.length; i++) lists.memory.write32(LIST + 4 * i, list[i]! >>> 0);
        types.forEach((type, i) => {
          lists.put(LIST + 16 * i, [type, LIST + 16 * ((list[0]! + i) & 15), 16 * (i & 3)]);
        });
        const status = lists.map([segment, LIST, 64], length, 1 | Sgls.bitBucket);
        if (status === 0) expect(lists.sg.byteLength).toBe(length);
        expect(lists.sg.byteLength).toBeLessThanOrEqual(length);
      }),
      runs(200),
    );
  });
});
