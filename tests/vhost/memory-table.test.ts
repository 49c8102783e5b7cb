import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GuestMemory, VhostErrno } from '../../src/interfaces/index.ts';
import { RecordingMemory, RegionMemory } from '../../src/memory/index.ts';
import { checkMemTable, MAX_TABLE_REGIONS, tableMemory } from '../../src/vhost/index.ts';
import { checkProperty, runs } from '../support/runs.ts';

const shared = (): RegionMemory => new RegionMemory([{ base: 0x1000, size: 0x8000 }]);

function region(guestAddress: number, size: number, userAddress: number) {
  return { guestAddress, size, userAddress };
}

test('a table with holes, out of order and with offsets is accepted', () => {
  const table = [region(0x10_0000, 0x2000, 0x5000), region(0, 0x1000, 0x1000)];
  expect(checkMemTable(shared(), table)).toBe(VhostErrno.ok);
  expect(checkMemTable(shared(), [])).toBe(VhostErrno.ok);
});

test('regions that overlap are refused, those that touch are not', () => {
  const memory = shared();
  const first = region(0x4000, 0x1000, 0x1000);
  expect(checkMemTable(memory, [first, region(0x4fff, 16, 0x1000)])).toBe(VhostErrno.invalid);
  expect(checkMemTable(memory, [first, region(0x3ff1, 16, 0x1000)])).toBe(VhostErrno.invalid);
  expect(checkMemTable(memory, [first, region(0x5000, 16, 0x1000)])).toBe(VhostErrno.ok);
  expect(checkMemTable(memory, [first, region(0x3ff0, 16, 0x1000)])).toBe(VhostErrno.ok);
});

test.each([
  ['an empty region', region(0, 0, 0x1000), VhostErrno.invalid],
  ['a size that is no integer', region(0, 1.5, 0x1000), VhostErrno.invalid],
  ['an address below zero', region(-4096, 4096, 0x1000), VhostErrno.invalid],
  ['a region beyond 2^53', region(2 ** 53 - 4096, 8192, 0x1000), VhostErrno.invalid],
  ['memory that is not shared', region(0, 0x1000, 0x8800), VhostErrno.fault],
])('%s is refused', (_, bad, errno) => {
  expect(checkMemTable(shared(), [bad])).toBe(errno);
});

test('a table at the limit of regions is accepted, one more is not', () => {
  const regions = Array.from({ length: MAX_TABLE_REGIONS + 1 }, (_, i) =>
    region(i * 64, 32, 0x1000 + i * 32),
  );
  expect(checkMemTable(shared(), regions.slice(1))).toBe(VhostErrno.ok);
  expect(checkMemTable(shared(), regions)).toBe(VhostErrno.tooBig);
});

test('what the table does not name is unmapped, though the VMM has it', () => {
  const inner = shared();
  for (const memory of both(inner, [region(0x2000, 0x1000, 0x2000)])) {
    expect(memory.isMapped(0x2000, 0x1000)).toBe(true);
    expect(memory.isMapped(0x1fff, 2)).toBe(false);
    expect([memory.read8(0x1fff), memory.read32(0x2ffd)]).toEqual([-1, -1]);
    expect([memory.write32(0x2ffd, 7), memory.fill(0x2ff0, 9, 17)]).toEqual([false, false]);
    expect(memory.load(2 ** 53, new Uint8Array(4), 0, 4)).toBe(false);
  }
  expect(inner.read32(0x2ffc)).toBe(0);
});

// Regions of whole words, as every VMM has them; two of them touch and are far apart in the VMM.
const table = [
  region(0x100, 0x40, 0x1200),
  region(0x140, 0x24, 0x3000),
  region(0x200, 0x1000, 0x5000),
  region(0x2000, 0x1000, 0x4000),
];

const access = fc.record({
  verb: fc.constantFrom(
    'read8',
    'read16',
    'read32',
    'write8',
    'write16',
    'write32',
    'load',
    'store',
    'loadWords',
    'storeWords',
    'fill',
    'isMapped',
  ),
  at: fc.oneof(fc.integer({ min: 0xf8, max: 0x210 }), fc.integer({ min: 0x11f0, max: 0x3010 })),
  value: fc.integer({ min: 0, max: 0xffff_ffff }),
  length: fc.integer({ min: 0, max: 80 }),
});

test('a translated memory on stable bytes and one access by access do the same, and touch nothing that the table does not name', () => {
  checkProperty(
    fc.property(fc.array(access, { maxLength: 40 }), (accesses) => {
      const fast = shared();
      const slow = new RecordingMemory(shared());
      const a = tableMemory(fast, table);
      const b = tableMemory(slow, table);
      for (const step of accesses) expect(perform(b, step)).toBe(perform(a, step));
      const image = new Uint8Array(0x8000);
      const other = new Uint8Array(0x8000);
      fast.load(0x1000, image, 0, 0x8000);
      slow.load(0x1000, other, 0, 0x8000);
      expect(Buffer.compare(other, image)).toBe(0);
      for (const { gpa, length } of slow.accesses.slice(0, -1)) {
        const isNamed = table.some(
          ({ userAddress, size }) => gpa >= userAddress && gpa + length <= userAddress + size,
        );
        expect(isNamed).toBe(true);
      }
    }),
    runs(200),
  );
});

test('pages are shown where the table keeps them whole', () => {
  const memory = tableMemory(shared(), [region(0x1_0000, 0x2000, 0x2000)]);
  memory.pageForWrite(0x1_1000)![5] = 9;
  expect(memory.read8(0x1_1005)).toBe(9);
  expect(memory.pageForRead(0x1_2000)).toBeUndefined();
});

function* both(inner: RegionMemory, regions: Parameters<typeof tableMemory>[1]) {
  yield tableMemory(inner, regions);
  yield tableMemory(new RecordingMemory(inner), regions);
}

interface Access {
  readonly verb: string;
  readonly at: number;
  readonly value: number;
  readonly length: number;
}

function perform(memory: GuestMemory, { verb, at, value, length }: Access): unknown {
  const bytes = new Uint8Array(80).fill(value);
  const words = new Int32Array(80).fill(value);
  const aligned = at - (at % 4);
  if (verb === 'read8') return memory.read8(at);
  if (verb === 'read16') return memory.read16(at);
  if (verb === 'read32') return memory.read32(at);
  if (verb === 'write8') return memory.write8(at, value & 0xff);
  if (verb === 'write16') return memory.write16(at, value & 0xffff);
  if (verb === 'write32') return memory.write32(at, value);
  if (verb === 'load') return `${memory.load(at, bytes, 0, length)} ${bytes}`;
  if (verb === 'store') return memory.store(at, bytes, 0, length);
  if (verb === 'loadWords') return `${memory.loadWords(aligned, words, 0, length % 20)} ${words}`;
  if (verb === 'storeWords') return memory.storeWords(aligned, words, 0, length % 20);
  if (verb === 'fill') return memory.fill(at, value & 0xff, length);
  return memory.isMapped(at, length);
}
