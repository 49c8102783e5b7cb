import { describe, expect, it } from 'vitest';
import { BlockLaw } from '../../../src/testing/block/block-laws.ts';
import { paint, SectorModel, versionOf } from '../../../src/testing/block/sector-model.ts';

describe('SectorModel', () => {
  it('knows what reads show: the newest write that ended', () => {
    const model = new SectorModel();
    const first = model.begin(4, 2);
    expect(model.current(4)).toBe(0);
    model.end(4, 2, first, false);
    expect([model.current(4), model.current(5), model.current(6)]).toEqual([first, first, 0]);
  });

  it('lets a power cut choose among what is not durable', () => {
    const model = new SectorModel();
    const first = model.begin(0, 4);
    model.end(0, 4, first, false);
    const second = model.begin(0, 2);
    model.settle(0, 0);
    model.settle(1, second);
    model.settle(2, first);
    expect(() => model.settle(3, second)).toThrow(BlockLaw.durability);
    expect(() => model.settle(3, undefined)).toThrow(BlockLaw.wholeSectors);
    expect([model.current(0), model.current(1)]).toEqual([0, second]);
  });

  it('counts a flush for what had ended when it was submitted', () => {
    const model = new SectorModel();
    model.end(0, 1, model.begin(0, 1), false);
    const early = model.begin(1, 1);
    const mark = model.mark();
    model.end(1, 1, early, false);
    model.flushed(mark);
    expect(() => model.settle(0, 0)).toThrow(BlockLaw.durability);
    expect(() => model.settle(1, 0)).not.toThrow();
  });

  it('counts a durable write at once, and a flush that comes late for no less', () => {
    const model = new SectorModel();
    model.end(0, 1, model.begin(0, 1), false);
    const mark = model.mark();
    const second = model.begin(0, 1);
    model.end(0, 1, second, true);
    model.flushed(mark);
    expect(() => model.settle(0, 1)).toThrow(BlockLaw.durability);
    expect(() => model.settle(0, second)).not.toThrow();
  });
});

describe('painted sectors', () => {
  it('show their version, and nothing when torn or moved', () => {
    const bytes = new Uint8Array(1024);
    paint(bytes, 512, 512, 77, 0x0102_0304);
    expect(versionOf(bytes, 512, 512, 77)).toBe(0x0102_0304);
    expect(versionOf(bytes, 0, 512, 3)).toBe(0);
    expect(versionOf(bytes, 512, 512, 78)).toBeUndefined();
    bytes[1023]! ^= 1;
    expect(versionOf(bytes, 512, 512, 77)).toBeUndefined();
  });
});
