import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { RecordingMemory } from '../../src/memory/recording-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { PrpWriter } from '../../src/nvme-driver/prp-writer.ts';
import { SqeWord } from '../../src/wire/nvme-entries.ts';
import { checkProperty, runs } from '../support/runs.ts';

const LIST = 0x8000;
const memory = new RegionMemory([{ base: 0, size: 1 << 20 }]);

function sgOf(...segments: readonly (readonly [number, number])[]): SgList {
  const sg = new SgList();
  for (const [gpa, length] of segments) sg.pushAddress(gpa, length);
  return sg;
}

/** Reads the pages that the PRPs name, as the specification says. */
function pagesOf(sqe: Int32Array, length: number, pageBytes: number): number[] {
  const address = (lo: number, hi: number) => (hi >>> 0) * 2 ** 32 + (lo >>> 0);
  const first = address(sqe[SqeWord.prp1Lo]!, sqe[SqeWord.prp1Hi]!);
  const second = address(sqe[SqeWord.prp2Lo]!, sqe[SqeWord.prp2Hi]!);
  const rest = length - (pageBytes - (first % pageBytes));
  if (rest <= 0) return [first];
  if (rest <= pageBytes) return [first, second];
  const pages = [first];
  let list = second;
  for (let left = Math.ceil(rest / pageBytes); left > 0; ) {
    const entry = address(memory.read32(list), memory.read32(list + 4));
    if ((list + 8) % pageBytes === 0 && left > 1) {
      list = entry;
      continue;
    }
    pages.push(entry);
    left -= 1;
    list += 8;
  }
  return pages;
}

describe('PrpWriter', () => {
  it('needs PRP1 alone for a piece of one page, and PRP2 for a second page', () => {
    const writer = new PrpWriter(memory, 4096, 16);
    const sqe = new Int32Array(16).fill(-1);
    expect(writer.write(sgOf([0x1e00, 512]), sqe, LIST)).toBe(true);
    expect([...sqe.subarray(6, 10)]).toEqual([0x1e00, 0, 0, 0]);
    expect(writer.write(sgOf([0x1e00, 1024]), sqe, LIST)).toBe(true);
    expect([...sqe.subarray(6, 10)]).toEqual([0x1e00, 0, 0x2000, 0]);
    expect(writer.write(sgOf([0x1e00, 512], [0x9000, 512]), sqe, LIST)).toBe(true);
    expect([...sqe.subarray(6, 10)]).toEqual([0x1e00, 0, 0x9000, 0]);
  });

  it('keeps all bits of an address, across 4 GiB too', () => {
    const writer = new PrpWriter(memory, 4096, 16);
    const sqe = new Int32Array(16);
    writer.write(sgOf([2 ** 32 - 4096, 8192]), sqe, LIST);
    expect([...sqe.subarray(6, 10)]).toEqual([-4096, 0, 0, 1]);
  });

  it.each([
    ['starts at no multiple of 4', sgOf([0x1002, 512])],
    ['ends inside a page with more to come', sgOf([0x1000, 512], [0x2000, 512])],
    ['starts inside a page after the first segment', sgOf([0x1000, 4096], [0x2200, 512])],
    ['has more pages than were planned', sgOf([0, 18 * 4096])],
  ])('refuses data that %s', (_name, sg) => {
    expect(new PrpWriter(memory, 4096, 16).write(sg, new Int32Array(16), LIST)).toBe(false);
  });

  it('names every page of any data in order, by lists of any length, for every page size', () => {
    checkProperty(
      fc.property(
        fc.nat(4),
        fc.nat(1023),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
        fc.nat(4095),
        (shift, offsetWords, segmentPages, cut) => {
          const pageBytes = 4096 << shift;
          const sg = new SgList();
          const expected: number[] = [];
          let page = 64;
          segmentPages.forEach((pages, i) => {
            const skip = i === 0 ? 4 * offsetWords : 0;
            const isLast = i === segmentPages.length - 1;
            const length = pages * pageBytes - skip - (isLast && pages > 1 ? cut : 0);
            sg.pushAddress(page * pageBytes + skip, length);
            const covered = Math.ceil((skip + length) / pageBytes);
            for (let p = 0; p < covered; p++) {
              expected.push((page + p) * pageBytes + (p === 0 ? skip : 0));
            }
            page += pages + 1;
          });
          const entries = expected.length - 1;
          const lists = PrpWriter.listBytes(Math.max(1, entries), pageBytes);
          const writer = new PrpWriter(memory, pageBytes, Math.max(1, entries));
          const sqe = new Int32Array(16);
          const list = 0x8_0000;
          memory.fill(list, 0xee, 0x8_0000);
          expect(writer.write(sg, sqe, list)).toBe(true);
          expect(pagesOf(sqe, sg.byteLength, pageBytes)).toEqual(expected);
          expect(memory.read32(list + lists)).toBe(0xeeee_eeee);
        },
      ),
      runs(60),
    );
  });

  it('shares pages among short lists and takes whole pages for long ones', () => {
    expect(PrpWriter.listBytes(1, 4096)).toBe(64);
    expect(PrpWriter.listBytes(9, 4096)).toBe(128);
    expect(PrpWriter.listBytes(512, 4096)).toBe(4096);
    expect(PrpWriter.listBytes(513, 4096)).toBe(8192);
    expect(PrpWriter.listBytes(511 + 511 + 1, 4096)).toBe(2 * 4096);
    expect(PrpWriter.listBytes(511 + 511 + 2, 4096)).toBe(3 * 4096);
  });

  it('writes a list in one access, and says so when its memory is gone', () => {
    const recording = new RecordingMemory(memory);
    const writer = new PrpWriter(recording, 4096, 16);
    writer.write(sgOf([0, 4 * 4096]), new Int32Array(16), LIST);
    expect(recording.accesses).toEqual([{ write: true, gpa: LIST, length: 24 }]);
    expect(writer.write(sgOf([0, 4 * 4096]), new Int32Array(16), 1 << 20)).toBe(false);
  });
});
