import { describe, expect, it } from 'vitest';
import {
  generatePi,
  PI_BYTES,
  PiFault,
  type Protection,
  piTuple,
  verifyPi,
} from '../../src/block/t10-pi.ts';

const TYPE_1: Protection = { type: 1, applicationTag: 0x1234, applicationTagMask: 0xffff };
const TYPE_3: Protection = { ...TYPE_1, type: 3, referenceTag: 0xfeed_face };

/** A block of the text `123456789`, and its tuple behind one byte. */
function protect(protection: Protection, lba: number) {
  const block = Uint8Array.from('x123456789x', (letter) => letter.charCodeAt(0));
  const bytes = new Uint8Array(PI_BYTES + 1);
  const view = new DataView(bytes.buffer);
  generatePi(protection, lba, block, 1, 9, view, 1);
  const verify = (at = lba, other: Protection = protection) =>
    verifyPi(other, at, block, 1, 9, view, 1);
  return { block, bytes, view, verify };
}

it('lays the tuple out as the standard has it', () => {
  expect([...protect(TYPE_1, 0x0102_0304).bytes]).toEqual([0, 0xd0, 0xdb, 0x12, 0x34, 1, 2, 3, 4]);
  expect([...protect(TYPE_3, 9).bytes.subarray(5)]).toEqual([0xfe, 0xed, 0xfa, 0xce]);
  expect([...protect({ type: 3 }, 9).bytes.subarray(3)]).toEqual([0, 0, 0, 0, 0, 0]);
});

it('takes the low 32 bits of an address, as a number without a sign', () => {
  const { view, verify } = protect(TYPE_1, 2 ** 40 + 0xffff_fffe);
  expect(piTuple.referenceTag.get(view, 1)).toBe(0xffff_fffe);
  expect(verify()).toBe(PiFault.none);
  expect(verify(0xffff_fffe)).toBe(PiFault.none);
});

describe.each([
  ['type 1', TYPE_1],
  ['type 3', TYPE_3],
])('%s', (_, protection) => {
  it('agrees with what it was made of', () => {
    expect(protect(protection, 77).verify()).toBe(PiFault.none);
  });

  it('tells every single bit of the block that is wrong', () => {
    const { block, verify } = protect(protection, 77);
    for (let bit = 8; bit < 80; bit++) {
      block[bit >> 3]! ^= 1 << (bit & 7);
      expect(verify()).toBe(PiFault.guard);
      block[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('compares the application tag under its mask alone', () => {
    const { verify } = protect(protection, 77);
    const other = { ...protection, applicationTag: 0x1235 };
    expect(verify(77, other)).toBe(PiFault.applicationTag);
    expect(verify(77, { ...other, applicationTagMask: 0xfffe })).toBe(PiFault.none);
    expect(verify(77, { type: protection.type, applicationTag: 7 })).toBe(PiFault.none);
  });

  it('checks the guard before the tags', () => {
    const { block, verify } = protect(protection, 77);
    block[5] = 0;
    expect(verify(78, { ...protection, applicationTag: 1 })).toBe(PiFault.guard);
  });
});

it('compares the reference tag in type 1 alone', () => {
  expect(protect(TYPE_1, 77).verify(78)).toBe(PiFault.referenceTag);
  expect(protect(TYPE_3, 77).verify(78)).toBe(PiFault.none);
});

it.each([
  [1, 0xffff, 5, PiFault.none],
  [1, 0xfffe, 0xffff_ffff, PiFault.guard],
  [3, 0xffff, 0xffff_ffff, PiFault.none],
  [3, 0xffff, 5, PiFault.guard],
  [3, 0x1234, 0xffff_ffff, PiFault.guard],
] as const)(
  'type %i with tags %i and %i switches checks off, or not',
  (type, application, reference, fault) => {
    const { block, view, verify } = protect({ type }, 5);
    block.fill(0);
    piTuple.applicationTag.set(view, 1, application);
    piTuple.referenceTag.set(view, 1, reference);
    expect(verify()).toBe(fault);
  },
);
