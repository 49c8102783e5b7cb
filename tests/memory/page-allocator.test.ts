import { describe, expect, it } from 'vitest';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';

describe('PageAllocator', () => {
  it('hands out the first run that fits and takes it back', () => {
    const pages = new PageAllocator(0x10_1000, 4 * 4096);
    const a = pages.take(2);
    const b = pages.take(1);
    expect([a, b]).toEqual([0x10_1000, 0x10_3000]);
    expect(pages.take(2)).toBe(-1);
    pages.give(a, 2);
    expect(pages.take(1)).toBe(0x10_1000);
    expect(pages.freePages).toBe(2);
  });

  it('aligns by address, not by place in the range', () => {
    const pages = new PageAllocator(0x10_1000, 8 * 4096);
    expect(pages.take(1, 4)).toBe(0x10_4000);
    expect(pages.take(1, 4)).toBe(0x10_8000);
    expect(pages.take(1, 4)).toBe(-1);
  });

  it('refuses pages that are not taken, and a range that is not made of pages', () => {
    const pages = new PageAllocator(0, 8192);
    expect(() => pages.give(0, 1)).toThrow(InvariantError);
    expect(() => pages.give(8192, 1)).toThrow(InvariantError);
    expect(() => new PageAllocator(100, 4096)).toThrow(ConfigError);
    expect(() => new PageAllocator(0, 100)).toThrow(ConfigError);
  });
});
