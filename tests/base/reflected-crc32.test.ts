import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32By, makeCrc32Tables } from '../../src/base/reflected-crc32.ts';
import { checkProperty, runs } from '../support/runs.ts';

/** Bit by bit, with no table. */
function slow(polynomial: number, bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * polynomial);
  }
  return ~crc >>> 0;
}

it.each([0x82f6_3b78, 0xedb8_8320])(
  'equals the bitwise definition for polynomial %i',
  (polynomial) => {
    const tables = makeCrc32Tables(polynomial);
    checkProperty(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (bytes, some) => {
        const at = Math.min(some, bytes.length);
        const part = bytes.subarray(at);
        expect(crc32By(tables, bytes, at, part.length, 0)).toBe(slow(polynomial, part));
      }),
      runs(100),
    );
  },
);
