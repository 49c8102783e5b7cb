import { expect, it } from 'vitest';
import { RecordingMemory } from '../../src/memory/recording-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';

it('writes down every access, does it, and shows nothing that escapes the log', () => {
  const inner = new RegionMemory([{ base: 0, size: 8192 }]);
  const memory = new RecordingMemory(inner);
  memory.write8(1, 7);
  memory.write16(2, 8);
  memory.write32(4, 9);
  memory.store(8, new Uint8Array([1, 2]), 0, 2);
  memory.storeWords(12, new Int32Array([3]), 0, 1);
  memory.fill(16, 5, 3);
  expect([memory.read8(1), memory.read16(2), memory.read32(4)]).toEqual([7, 8, 9]);
  memory.load(8, new Uint8Array(2), 0, 2);
  memory.loadWords(12, new Int32Array(1), 0, 1);
  expect(memory.accesses.map((a) => `${a.write ? 'w' : 'r'}${a.gpa}+${a.length}`)).toEqual(
    'w1+1 w2+2 w4+4 w8+2 w12+4 w16+3 r1+1 r2+2 r4+4 r8+2 r12+4'.split(' '),
  );
  expect(inner.read32(4)).toBe(9);
  expect(memory.isMapped(0, 8192)).toBe(true);
  expect([memory.pageForRead(), memory.pageForWrite(), memory.view()]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
