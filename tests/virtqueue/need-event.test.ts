import fc from 'fast-check';
import { expect, it } from 'vitest';
import { needEvent } from '../../src/base/index.ts';
import { checkProperty, runs } from '../support/runs.ts';

/** Is `event` one of `oldIndex .. newIndex - 1` on a circle of `size`? By walking. */
function passes(event: number, newIndex: number, oldIndex: number, size: number): boolean {
  for (let at = oldIndex; at !== newIndex; at = (at + 1) % size) if (at === event) return true;
  return false;
}

it('needEvent equals the naive range test for all values of a 4-bit ring (P11)', () => {
  // 16 points spread evenly over the 16-bit circle are a 4-bit ring.
  for (let event = 0; event < 16; event++) {
    for (let newIndex = 0; newIndex < 16; newIndex++) {
      for (let oldIndex = 0; oldIndex < 16; oldIndex++) {
        const found = needEvent(event << 12, newIndex << 12, oldIndex << 12);
        expect(found).toBe(passes(event, newIndex, oldIndex, 16));
      }
    }
  }
});

it('needEvent equals the naive range test for sampled values of the 16-bit ring (P11)', () => {
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const edge = fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff);
  const index = fc.oneof(u16, edge);
  checkProperty(
    fc.property(index, index, index, fc.integer({ min: -2, max: 2 }), (event, a, b, near) => {
      expect(needEvent(event, a, b)).toBe(passes(event, a, b, 0x1_0000));
      const close = (a + near) & 0xffff;
      expect(needEvent(close, a, b)).toBe(passes(close, a, b, 0x1_0000));
    }),
    runs(300, 5_000),
  );
});
