import { expect, test } from 'vitest';
import { RecordingMemory, RegionMemory } from '../../src/memory/index.ts';
import { TableMemory } from '../../src/vhost/table-memory.ts';

const inner = new RegionMemory([{ base: 0, size: 0x4000 }]);
const memory = new TableMemory(new RecordingMemory(inner), [
  { guestAddress: 0x9000, size: 0x1000, userAddress: 0x2000 },
  { guestAddress: 0x8000, size: 0x1000, userAddress: 0 },
]);

test('an access lands where the table says', () => {
  memory.write32(0x8010, 0x1234_5678);
  memory.write16(0x9020, 0xabcd);
  expect([inner.read32(0x10), inner.read16(0x2020)]).toEqual([0x1234_5678, 0xabcd]);
});

test('an access that crosses from one region into the next lands in both', () => {
  expect(memory.write32(0x8ffe, 0x4433_2211)).toBe(true);
  expect([inner.read16(0xffe), inner.read16(0x2000)]).toEqual([0x2211, 0x4433]);
  expect([memory.read32(0x8ffe), memory.read16(0x8fff)]).toEqual([0x4433_2211, 0x3322]);
});

test('an address that the table does not name is unmapped and reaches nothing', () => {
  expect(memory.read32(0x7ffc)).toBe(-1);
  expect(memory.read8(0xa000)).toBe(-1);
  expect(memory.write32(0x7ffe, 1)).toBe(false);
  expect(memory.isMapped(0x9fff, 2)).toBe(false);
  expect(memory.loadWords(0x9ffc, new Int32Array(2), 0, 2)).toBe(false);
});

test('a recorded memory shows no pages and no views', () => {
  expect(memory.pageForRead(0x8000)).toBeUndefined();
  expect(memory.pageForWrite(0x8000)).toBeUndefined();
  expect(memory.view(0x8000, 16)).toBeUndefined();
});
