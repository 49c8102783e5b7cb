import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc16T10 } from '../../src/base/crc16-t10.ts';
import { checkProperty, runs } from '../support/runs.ts';

/** The definition: one bit at a time. */
function byDefinition(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x8bb7 : 0)) & 0xffff;
  }
  return crc;
}

const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

it('has the published check value', () => {
  expect(crc16T10(ascii('123456789'), 0, 9)).toBe(0xd0db);
});

// SBC-4, table 29: the guards that the standard lists for blocks of 32 bytes.
it.each([
  ['zeroes', new Uint8Array(32), 0x0000],
  ['ones', new Uint8Array(32).fill(0xff), 0xa293],
  ['counting up', Uint8Array.from({ length: 32 }, (_, i) => i), 0x0224],
  ['ones, then zeroes', Uint8Array.from({ length: 32 }, (_, i) => (i < 2 ? 0xff : 0)), 0x21b8],
  ['counting down', Uint8Array.from({ length: 32 }, (_, i) => 255 - i), 0xa0b7],
])('has the guard that the standard lists for %s', (_, bytes, guard) => {
  expect(crc16T10(bytes, 0, 32)).toBe(guard);
});

it('is the remainder by definition, of any range and in any pieces', () => {
  const range = fc.tuple(fc.uint8Array({ maxLength: 70 }), fc.nat(70), fc.nat(70));
  checkProperty(
    fc.property(range, ([bytes, some, more]) => {
      const at = Math.min(some, bytes.length);
      const middle = Math.min(at + more, bytes.length);
      const first = crc16T10(bytes, at, middle - at);
      const whole = crc16T10(bytes, middle, bytes.length - middle, first);
      expect(first).toBe(byDefinition(bytes.subarray(at, middle)));
      expect(whole).toBe(byDefinition(bytes.subarray(at)));
    }),
    runs(200, 5_000),
  );
});
