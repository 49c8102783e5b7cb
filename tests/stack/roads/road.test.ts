import { expect, it } from 'vitest';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { memoryTableOf, vectorCountOf } from '../../../src/stack/roads/road.ts';

it('a table names each region at its own address, and no other', () => {
  const memory = new RegionMemory([
    { base: 0, size: 4096 },
    { base: 0x10_0000, size: 8192 },
  ]);
  expect(memoryTableOf(memory)).toEqual([
    { guestAddress: 0, size: 4096, userAddress: 0 },
    { guestAddress: 0x10_0000, size: 8192, userAddress: 0x10_0000 },
  ]);
});

it('there is a vector for each queue and one for the admin queue', () => {
  expect(vectorCountOf(4)).toBe(5);
});
