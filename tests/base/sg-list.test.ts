import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { addressOf, MAX_SG_SEGMENTS, SgList, UNMAPPED_ADDRESS } from '../../src/base/sg-list.ts';
import { checkProperty, runs } from '../support/runs.ts';

describe('SgList', () => {
  it('keeps any 64-bit address exactly and rounds none', () => {
    const sg = new SgList(1);
    sg.push(0xffff_ffff, 0xffff_ffff, 1);
    sg.push(5, 0x1f_ffff, 2);
    sg.push(0, 0x20_0000, 3);
    expect([sg.lo[0], sg.hi[0]]).toEqual([0xffff_ffff, 0xffff_ffff]);
    expect(sg.gpa(0)).toBe(UNMAPPED_ADDRESS);
    expect(sg.gpa(1)).toBe(0x1f_ffff * 2 ** 32 + 5);
    expect(sg.gpa(2)).toBe(UNMAPPED_ADDRESS);
    expect(sg.byteLength).toBe(6);
    expect(addressOf(1, 1)).toBe(2 ** 32 + 1);
  });

  it('takes an address as one number', () => {
    const sg = new SgList();
    sg.pushAddress(0x12_3456_789a, 4);
    sg.pushAddress(0x80_0000_00, 4);
    expect([sg.gpa(0), sg.gpa(1)]).toEqual([0x12_3456_789a, 0x8000_0000]);
  });

  it('refuses the segment after the last one that fits', () => {
    const sg = new SgList();
    for (let i = 0; i < MAX_SG_SEGMENTS; i++) expect(sg.push(i, 0, 1)).toBe(true);
    expect(sg.push(0, 0, 1)).toBe(false);
    expect(sg.count).toBe(MAX_SG_SEGMENTS);
  });

  it('a range of a list names the same bytes as the list does there', () => {
    const segments = fc.array(fc.tuple(fc.nat(1_000_000), fc.integer({ min: 0, max: 20 })), {
      maxLength: 8,
    });
    checkProperty(
      fc.property(segments, fc.nat(), fc.nat(), (list, a, b) => {
        const whole = new SgList();
        for (const [gpa, length] of list) whole.push(gpa, 0, length);
        const offset = a % (whole.byteLength + 1);
        const length = b % (whole.byteLength - offset + 1);
        const part = new SgList();
        expect(part.appendRange(whole, offset, length)).toBe(true);
        expect(addresses(part)).toEqual(addresses(whole).slice(offset, offset + length));
      }),
      runs(200, 5_000),
    );
  });

  it('carries into the high half when a range starts past a 4-GiB border', () => {
    const whole = new SgList();
    whole.push(0xffff_fff0, 1, 64);
    const part = new SgList();
    part.appendRange(whole, 32, 8);
    expect([part.lo[0], part.hi[0], part.lengths[0]]).toEqual([0x10, 2, 8]);
  });

  it('refuses a range outside the list', () => {
    expect(() => new SgList().appendRange(new SgList(), 0, 1)).toThrow(InvariantError);
  });
});

function addresses(sg: SgList): number[] {
  const all: number[] = [];
  for (let i = 0; i < sg.count; i++) {
    for (let at = 0; at < sg.lengths[i]!; at++) all.push(sg.gpa(i) + at);
  }
  return all;
}
