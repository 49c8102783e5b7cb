import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PiStore } from '../../src/block/pi-store.ts';
import { checkProperty, runs } from '../support/runs.ts';

it('keeps the tuples of any ranges, and all ones where none were written or they were cleared', () => {
  const LBAS = 1600;
  const step = fc.tuple(
    fc.boolean(),
    fc.nat(LBAS - 1),
    fc.integer({ min: 1, max: 1100 }),
    fc.nat(255),
  );
  checkProperty(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const store = new PiStore();
      const model = new Uint8Array(LBAS * 8).fill(0xff);
      for (const [isWrite, lba, some, value] of steps) {
        const count = Math.min(some, LBAS - lba);
        const bytes = Uint8Array.from({ length: count * 8 }, (_, i) => value + i);
        if (isWrite) store.write(lba, count, bytes);
        else store.clear(lba, count);
        if (isWrite) model.set(bytes, lba * 8);
        else model.fill(0xff, lba * 8, (lba + count) * 8);
      }
      const all = new Uint8Array(LBAS * 8);
      store.read(0, LBAS, all);
      expect(all).toEqual(model);
      const part = new Uint8Array(600 * 8);
      store.read(500, 600, part);
      expect(part).toEqual(model.subarray(4000, 8800));
    }),
    runs(30, 400),
  );
});
