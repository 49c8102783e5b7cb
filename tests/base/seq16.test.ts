import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add16, needEvent, sub16 } from '../../src/base/seq16.ts';
import { checkProperty, runs } from '../support/runs.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });

/** Walks the circle from `oldIndex` to `newIndex` and looks for `event` on the way. */
function passes(event: number, newIndex: number, oldIndex: number): boolean {
  for (let at = oldIndex; at !== newIndex; at = (at + 1) & 0xffff) if (at === event) return true;
  return false;
}

describe('seq16', () => {
  it('wraps in both directions', () => {
    expect(add16(0xffff, 1)).toBe(0);
    expect(sub16(0, 1)).toBe(0xffff);
  });

  it('needEvent equals a walk along the circle', () => {
    checkProperty(
      fc.property(u16, u16, fc.integer({ min: 0, max: 300 }), (event, oldIndex, moved) => {
        const newIndex = add16(oldIndex, moved);
        const near = add16(oldIndex, event % 400);
        for (const at of [event, near]) {
          expect(needEvent(at, newIndex, oldIndex)).toBe(passes(at, newIndex, oldIndex));
        }
      }),
      runs(300, 5_000),
    );
  });
});
