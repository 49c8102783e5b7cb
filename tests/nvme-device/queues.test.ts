import { describe, expect, it } from 'vitest';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { CompletionQueue, ringDistance, SubmissionQueue } from '../../src/nvme-device/queues.ts';

describe('ringDistance', () => {
  it('counts forward around the ring', () => {
    expect([ringDistance(0, 0, 4), ringDistance(1, 3, 4), ringDistance(3, 1, 4)]).toEqual([
      0, 2, 2,
    ]);
  });
});

describe('a completion queue', () => {
  it('flips its phase tag once on each pass and refuses to be consumed beyond what was posted', () => {
    const memory = new RegionMemory([{ base: 0, size: 4096 }]);
    const cq = new CompletionQueue(1, 0x100, 3, 0, true);
    const phases: number[] = [];
    for (let i = 0; i < 7; i++) {
      const at = cq.base + 16 * cq.tail;
      expect(cq.post(memory, Int32Array.of(i, 0, 0, 0))).toBe(true);
      phases.push((memory.read32(at + 12) >>> 16) & 1);
      cq.room -= 1;
      expect(cq.consume((cq.tail + 1) % 3)).toBe(false);
      expect(cq.consume(cq.tail)).toBe(true);
      expect(cq.room).toBe(2);
    }
    expect(phases).toEqual([1, 1, 1, 0, 0, 0, 1]);
    expect(cq.consume(3)).toBe(false);
  });

  it('says so when its memory is gone', () => {
    const memory = new RegionMemory([{ base: 0, size: 4096 }]);
    const cq = new CompletionQueue(1, 4096, 3, 0, true);
    expect(cq.post(memory, new Int32Array(4))).toBe(false);
    expect(cq.tail).toBe(0);
  });
});

describe('a submission queue', () => {
  it('takes a tail that adds no more than it has free entries', () => {
    const sq = new SubmissionQueue(1, 0, 4, new CompletionQueue(1, 0, 4, 0, true));
    expect(sq.advance(3)).toBe(true);
    // Back to 1 would add two more to three.
    expect(sq.advance(1)).toBe(false);
    sq.head = 3;
    expect(sq.advance(1)).toBe(true);
    expect(sq.tail).toBe(1);
    expect(sq.advance(4)).toBe(false);
  });
});
