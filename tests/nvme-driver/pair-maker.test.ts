import { expect, it } from 'vitest';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { MAX_SGL_SEGMENTS, PairMaker } from '../../src/nvme-driver/pair-maker.ts';

const plan = {
  id: 1,
  vector: 0,
  stride: 4,
  maxBytes: 1 << 20,
  sglSupport: 0,
  sglThresholdBytes: 0,
};
const memory = new RegionMemory([{ base: 0, size: 1 << 20 }]);

it('takes aligned pages for entries and lists, clears the completions, and gives all back', () => {
  const pages = new PageAllocator(0x1000, 0xf_0000);
  memory.fill(0, 0xff, 1 << 20);
  const before = pages.freePages;
  const pair = new PairMaker(memory, pages, 65_536).make({
    ...plan,
    id: 2,
    entries: 128,
    stride: 8,
  })!;
  expect([pair.at.sq % 65_536, pair.at.cq % 65_536, pair.at.lists % 65_536]).toEqual([0, 0, 0]);
  expect([pair.sqDoorbell, pair.cqDoorbell]).toEqual([0x1000 + 4 * 8, 0x1000 + 5 * 8]);
  expect(memory.view(pair.at.cq, 128 * 16)!.every((byte) => byte === 0)).toBe(true);
  new PairMaker(memory, pages, 65_536).give(pair);
  expect(pages.freePages).toBe(before);
});

it('gives nothing, and keeps nothing, when the pages run out', () => {
  for (let count = 1; count < 6; count++) {
    const pages = new PageAllocator(0x1000, count * 4096);
    const pair = new PairMaker(memory, pages, 4096).make({ ...plan, entries: 256 });
    expect(pair).toBeUndefined();
    expect(pages.freePages).toBe(count);
  }
});

it('gives each command room for the longest SGL where SGLs are taken', () => {
  const pages = new PageAllocator(0x1000, 0xf_0000);
  const small = { ...plan, entries: 8, maxBytes: 4096 };
  const maker = new PairMaker(memory, pages, 4096);
  expect(maker.make(small)!.at.listBytes).toBe(64);
  expect(maker.make({ ...small, sglSupport: 1 })!.at.listBytes).toBe(16 * MAX_SGL_SEGMENTS);
});
