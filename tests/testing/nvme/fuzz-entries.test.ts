import { expect, it } from 'vitest';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import { FUZZ_LISTS, fillLists, fuzzEntry } from '../../../src/testing/nvme/fuzz-entries.ts';

it('gives every opcode, right and wrong flags, and pointers of every kind', () => {
  const chance = makePrng(5);
  const entries = Array.from({ length: 30_000 }, (_, i) => fuzzEntry(chance, i % 2 === 0));
  expect(new Set(entries.map((words) => words[0]! & 0xff)).size).toBe(256);
  expect(new Set(entries.map((words) => (words[0]! >>> 14) & 3)).size).toBe(4);
  const highs = entries.map((words) => words[7]! >>> 0);
  expect(highs.filter((high) => high === 0).length).toBeGreaterThan(15_000);
  expect(highs).toContain(1);
  expect(highs.some((high) => high > 0x20_0000)).toBe(true);
  expect(entries.some((words) => (words[6]! & 3) !== 0)).toBe(true);
});

it('fills pages of lists and nothing else', () => {
  const memory = new RegionMemory([{ base: 0, size: 0x8_0000 }]);
  const chance = makePrng(6);
  for (let i = 0; i < 200; i++) fillLists(memory, chance);
  const bytes = memory.view(0, 0x8_0000)!;
  expect(bytes.subarray(0, FUZZ_LISTS).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(FUZZ_LISTS + 0x4000).every((byte) => byte === 0)).toBe(true);
  for (let page = 0; page < 4; page++) {
    const at = FUZZ_LISTS + 4096 * page;
    expect(bytes.subarray(at, at + 4096).some((byte) => byte !== 0)).toBe(true);
  }
});
