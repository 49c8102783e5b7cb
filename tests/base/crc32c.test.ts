import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/base/crc32c.ts';
import { checkProperty, runs } from '../support/runs.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Bit by bit, with no table. */
function slow(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0x82f6_3b78);
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  it('gives the published check value for 123456789', () => {
    expect(crc32c(ascii('123456789'), 0, 9)).toBe(0xe306_9283);
  });

  it.each([
    ['zeroes', new Uint8Array(32), 0x8a91_36aa],
    ['ones', new Uint8Array(32).fill(255), 0x62a8_ab43],
    ['ascending bytes', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd_794e],
    ['descending bytes', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113f_db5c],
  ])('gives the value of RFC 3720 for 32 %s', (_, bytes, crc) => {
    expect(crc32c(bytes, 0, 32)).toBe(crc);
  });

  it('is 0 for no bytes', () => {
    expect(crc32c(new Uint8Array(4), 2, 0)).toBe(0);
  });

  it('equals the bitwise definition on any part of any bytes, whole or in two pieces', () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    checkProperty(
      fc.property(bytes, fc.nat(100), fc.nat(100), (all, a, b) => {
        const at = Math.min(a, all.length);
        const cut = Math.min(at + b, all.length);
        const whole = crc32c(all, at, all.length - at);
        expect(whole).toBe(slow(all.subarray(at)));
        const first = crc32c(all, at, cut - at);
        expect(crc32c(all, cut, all.length - cut, first)).toBe(whole);
      }),
      runs(200),
    );
  });
});
