import { describe, expect, it } from 'vitest';
import { RegionMemory } from '../../src/memory/index.ts';
import { makeChain, writeTable } from '../../src/testing/virtqueue/index.ts';
import { ChainReader } from '../../src/virtqueue/chain-reader.ts';
import { DeviceFault, MAX_TABLE_COUNT } from '../../src/virtqueue/index.ts';

const memory = () => new RegionMemory([{ base: 0x1000, size: 0x20_0000 }]);
const TABLE = 0x2000;

describe('a segment', () => {
  const push = (reader: ChainReader, lo: number, hi: number, length: number) => {
    const { readable, writable } = makeChain();
    return reader.push(readable, writable, lo, hi, length, 0);
  };

  it('must lie wholly in memory', () => {
    const reader = new ChainReader(memory(), false);
    expect(push(reader, 0x1000, 0, 0x20_0000)).toBeUndefined();
    expect(push(reader, 0x1000, 0, 0x20_0001)).toBe(DeviceFault.unmapped);
    expect(push(reader, 0x0fff, 0, 2)).toBe(DeviceFault.unmapped);
    expect(push(reader, 0x1000, 1, 2)).toBe(DeviceFault.unmapped);
    expect(push(reader, 0x1000, 0x20_0000, 2)).toBe(DeviceFault.unmapped);
  });

  it("must not wrap when addresses are the device's own", () => {
    const reader = new ChainReader(memory(), true);
    expect(push(reader, 0xffff_fff0, 0xffff_ffff, 16)).toBeUndefined();
    expect(push(reader, 0xffff_fff0, 0xffff_ffff, 17)).toBe(DeviceFault.rangeWraps);
    expect(push(reader, 0xffff_fff0, 0xffff_fffe, 17)).toBeUndefined();
  });

  it('keeps an address of 64 bits exactly', () => {
    const reader = new ChainReader(memory(), true);
    const { readable, writable } = makeChain();
    reader.push(readable, writable, 0xfedc_ba98, 0x89ab_cdef, 0xffff_ffff, 2);
    expect([writable.lo[0], writable.hi[0], writable.lengths[0]]).toEqual([
      0xfedc_ba98, 0x89ab_cdef, 0xffff_ffff,
    ]);
  });

  it('and its chain have at most 2^32 bytes', () => {
    const reader = new ChainReader(memory(), true);
    const chain = makeChain();
    reader.push(chain.readable, chain.writable, 0, 0, 0xffff_ffff, 0);
    reader.push(chain.readable, chain.writable, 0, 0, 1, 2);
    expect(reader.finish(chain)).toBeUndefined();
    reader.push(chain.readable, chain.writable, 0, 0, 1, 2);
    expect(reader.finish(chain)).toBe(DeviceFault.chainTooLong);
  });
});

describe('a table', () => {
  it('is followed through next on a split ring, in any order', () => {
    const ram = memory();
    writeTable(ram, TABLE, 'split', [
      { gpa: 0x1000, length: 1, flags: 1, next: 2 },
      { gpa: 0x1002, length: 3, flags: 2 },
      { gpa: 0x1001, length: 2, flags: 1, next: 1 },
    ]);
    const chain = makeChain();
    expect(new ChainReader(ram, false).pushTable(chain, TABLE, 0, 48, true)).toBeUndefined();
    expect([...chain.readable.lengths.slice(0, 2)]).toEqual([1, 2]);
    expect(chain.writable.lengths[0]).toBe(3);
  });

  it('is taken entry by entry on a packed ring, whatever NEXT says', () => {
    const ram = memory();
    writeTable(ram, TABLE, 'packed', [
      { gpa: 0x1000, length: 1 },
      { gpa: 0x1001, length: 2, flags: 1, id: 77 },
      { gpa: 0x1002, length: 3, flags: 2 },
    ]);
    const chain = makeChain();
    expect(new ChainReader(ram, false).pushTable(chain, TABLE, 0, 48, false)).toBeUndefined();
    expect([chain.readable.byteLength, chain.writable.byteLength]).toEqual([3, 3]);
  });

  it('may be large and unaligned, and is read the same', () => {
    const ram = memory();
    const entries = Array.from({ length: 300 }, (_, i) => ({ gpa: 0x1000 + i, length: 1 + i }));
    writeTable(ram, TABLE, 'packed', entries);
    const aligned = makeChain();
    const reader = new ChainReader(ram, false);
    expect(reader.pushTable(aligned, TABLE, 0, 4800, false)).toBeUndefined();
    const bytes = new Uint8Array(4800);
    ram.load(TABLE, bytes, 0, 4800);
    ram.store(0x9001, bytes, 0, 4800);
    const odd = makeChain();
    expect(reader.pushTable(odd, 0x9001, 0, 4800, false)).toBeUndefined();
    expect(odd.readable.count).toBe(300);
    for (let i = 0; i < 300; i++) expect(odd.readable.gpa(i)).toBe(aligned.readable.gpa(i));
    expect(odd.readable.byteLength).toBe(aligned.readable.byteLength);
  });

  it('of the largest size is read, and none beyond', () => {
    const ram = memory();
    const reader = new ChainReader(ram, false);
    const length = 16 * MAX_TABLE_COUNT;
    // The first entry has length zero, so that the walk ends as soon as the table was read.
    expect(reader.pushTable(makeChain(), TABLE, 0, length, true)).toBe(DeviceFault.zeroLength);
    const beyond = reader.pushTable(makeChain(), TABLE, 0, length + 16, true);
    expect(beyond).toBe(DeviceFault.tableLength);
    expect(reader.pushTable(makeChain(), TABLE + 0x18_0000, 0, length, true)).toBe(
      DeviceFault.tableUnmapped,
    );
  });
});
