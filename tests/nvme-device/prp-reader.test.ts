import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { RecordingMemory } from '../../src/memory/recording-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { PrpReader } from '../../src/nvme-device/prp-reader.ts';
import { SqeWord } from '../../src/wire/nvme-entries.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../support/runs.ts';

const MEMORY_BYTES = 16 << 20;
const ram = new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);

function sqeOf(prp1: number, prp2: number): Int32Array {
  const sqe = new Int32Array(16);
  sqe[SqeWord.prp1Lo] = prp1;
  sqe[SqeWord.prp1Hi] = Math.floor(prp1 / 2 ** 32);
  sqe[SqeWord.prp2Lo] = prp2;
  sqe[SqeWord.prp2Hi] = Math.floor(prp2 / 2 ** 32);
  return sqe;
}

function map(prp1: number, prp2: number, length: number, pageBytes = 4096) {
  const sg = new SgList();
  const status = new PrpReader(ram).map(sqeOf(prp1, prp2), length, pageBytes, sg);
  const segments = Array.from({ length: sg.count }, (_, i) => [sg.gpa(i), sg.lengths[i]]);
  return { status, segments, sg };
}

/** Writes lists as the specification says, one entry after the other, and returns the first list's address. */
function writeLists(pages: readonly number[], lists: readonly number[], pageBytes: number): number {
  let list = lists[0]!;
  let nextList = 1;
  for (let i = 0; i < pages.length; ) {
    const isLastOfPage = (list + 8) % pageBytes === 0;
    if (isLastOfPage && i < pages.length - 1) {
      const next = lists[nextList++]!;
      ram.write32(list, next);
      ram.write32(list + 4, 0);
      list = next;
    } else {
      ram.write32(list, pages[i]!);
      ram.write32(list + 4, 0);
      i += 1;
      list += 8;
    }
  }
  return lists[0]!;
}

describe('PrpReader', () => {
  it('takes one page with any offset from PRP1 alone', () => {
    expect(map(0x5e00, 0xdead, 512)).toMatchObject({ status: 0, segments: [[0x5e00, 512]] });
    expect(map(0x5000, 0, 4096)).toMatchObject({ status: 0, segments: [[0x5000, 4096]] });
  });

  it('takes a second page from PRP2', () => {
    const { status, segments } = map(0x5c00, 0x9000, 2048);
    expect(status).toBe(0);
    expect(segments).toEqual([
      [0x5c00, 1024],
      [0x9000, 1024],
    ]);
  });

  it('keeps all 64 bits of an address', () => {
    const { sg } = map(2 ** 40 + 0x1000, 0, 512);
    expect([sg.lo[0], sg.hi[0]]).toEqual([0x1000, 2 ** 8]);
  });

  it.each([
    ['PRP1 is not dword aligned', 0x5001, 0x9000, 512],
    ['PRP2 has an offset', 0x5000, 0x9200, 8192],
    ['the list is not qword aligned', 0x5000, 0x9004, 12_288],
  ])('refuses with Invalid PRP Offset when %s', (_name, prp1, prp2, length) => {
    expect(map(prp1, prp2, length).status).toBe(NvmeStatus.invalidPrpOffset);
  });

  it('refuses a list entry, and a pointer to the next list, inside a page', () => {
    ram.write32(0x9000, 0x6200);
    ram.write32(0x9008, 0x7000);
    expect(map(0x5000, 0x9000, 12_288).status).toBe(NvmeStatus.invalidPrpOffset);
    ram.write32(0x9ff0, 0x6000);
    ram.write32(0x9ff8, 0xa200);
    expect(map(0x5000, 0x9ff0, 16_384).status).toBe(NvmeStatus.invalidPrpOffset);
  });

  it('answers Data Transfer Error for a list in no memory', () => {
    expect(map(0x5000, MEMORY_BYTES, 12_288).status).toBe(NvmeStatus.dataTransferError);
    expect(map(0x5000, 2 ** 60, 12_288).status).toBe(NvmeStatus.dataTransferError);
    ram.write32(0x9ff8, MEMORY_BYTES);
    expect(map(0x5000, 0x9ff8, 12_288).status).toBe(NvmeStatus.dataTransferError);
  });

  it('goes through any number of lists whose pages are apart, as a naive walk does, for every page size', () => {
    checkProperty(
      fc.property(
        fc.nat(4),
        fc.nat(1023).map((word) => 4 * word),
        fc.integer({ min: 1, max: 3 << 20 }),
        fc.nat(511),
        fc.nat(1000),
        (shift, offset, length, listEntry, seed) => {
          const pageBytes = 4096 << shift;
          const pageCount = MEMORY_BYTES / pageBytes;
          const pick = (i: number) => ((i * 7 + seed) % (pageCount - 8)) * pageBytes;
          const rest = Math.max(0, length - (pageBytes - offset));
          const pages = Array.from({ length: Math.ceil(rest / pageBytes) }, (_, i) => pick(i + 1));
          const lists = [...Array(4).keys()].map((i) => MEMORY_BYTES - (i + 1) * 65_536);
          lists[0] = lists[0]! + 8 * Math.min(listEntry, pageBytes / 8 - 1);
          const isList = pages.length > 1;
          // A page that holds a list must not be overwritten by another: the last 8 pages are lists alone.
          const prp2 = isList ? writeLists(pages, lists, pageBytes) : (pages[0] ?? 0);
          const { status, segments, sg } = map(pick(0) + offset, prp2, length, pageBytes);
          expect(status).toBe(0);
          expect(sg.byteLength).toBe(length);
          const first = Math.min(length, pageBytes - offset);
          let left = length - first;
          const expected = [[pick(0) + offset, first]];
          for (const page of pages) {
            expected.push([page, Math.min(left, pageBytes)]);
            left -= pageBytes;
          }
          expect(segments).toEqual(expected);
        },
      ),
      runs(60),
    );
  });

  it('ends for a list that points to itself', () => {
    ram.fill(0x9000, 0, 4096);
    ram.write32(0x9ff8, 0x9000);
    const { status, sg } = map(0, 0x9ff8, 1 << 24);
    expect(status).toBe(0);
    expect(sg.byteLength).toBe(1 << 24);
  });

  it('reads no list entry that the transfer does not need', () => {
    const memory = new RecordingMemory(ram);
    ram.fill(0x9000, 0, 4096);
    const sg = new SgList();
    new PrpReader(memory).map(sqeOf(0x5000, 0x9000), 12_288, 4096, sg);
    expect(memory.accesses).toEqual([{ write: false, gpa: 0x9000, length: 16 }]);
  });
});
