import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { fillSg, loadSg, sgIsMapped, storeSg } from '../../src/memory/sg-copy.ts';

function setUp(): { memory: RegionMemory; sg: SgList } {
  const memory = new RegionMemory([{ base: 0, size: 256 }]);
  const sg = new SgList();
  sg.pushAddress(100, 3);
  sg.pushAddress(200, 0);
  sg.pushAddress(10, 5);
  return { memory, sg };
}

describe('loadSg and storeSg', () => {
  it('move bytes across segments from any offset', () => {
    const { memory, sg } = setUp();
    expect(storeSg(memory, sg, 1, new Uint8Array([9, 1, 2, 3, 4]), 1, 4)).toBe(true);
    expect([memory.read8(101), memory.read8(102), memory.read8(10), memory.read8(11)]).toEqual([
      1, 2, 3, 4,
    ]);
    const into = new Uint8Array(8);
    expect(loadSg(memory, sg, 2, into, 3, 3)).toBe(true);
    expect([...into]).toEqual([0, 0, 0, 2, 3, 4, 0, 0]);
  });

  it('say so when the list is too short', () => {
    const { memory, sg } = setUp();
    expect(loadSg(memory, sg, 4, new Uint8Array(8), 0, 5)).toBe(false);
    expect(storeSg(memory, sg, 4, new Uint8Array(8), 0, 5)).toBe(false);
  });

  it('say so when a segment is unmapped', () => {
    const { memory, sg } = setUp();
    sg.push(0, 1, 4);
    expect(sgIsMapped(memory, sg)).toBe(false);
    expect(loadSg(memory, sg, 6, new Uint8Array(8), 0, 4)).toBe(false);
    expect(storeSg(memory, sg, 6, new Uint8Array(8), 0, 4)).toBe(false);
  });
});

describe('fillSg', () => {
  it('sets bytes across segments, and says so when the list is too short or unmapped', () => {
    const { memory, sg } = setUp();
    expect(fillSg(memory, sg, 2, 7, 3)).toBe(true);
    expect([101, 102, 10, 11, 12].map((at) => memory.read8(at))).toEqual([0, 7, 7, 7, 0]);
    expect(fillSg(memory, sg, 4, 7, 5)).toBe(false);
    expect(fillSg(memory, sg, 8, 7, 0)).toBe(true);
    sg.push(0, 1, 4);
    expect(fillSg(memory, sg, 7, 7, 4)).toBe(false);
  });
});
