import { expect, it } from 'vitest';
import { crc32 } from '../../src/base/crc32.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

it.each([
  ['123456789', 0xcbf4_3926],
  ['The quick brown fox jumps over the lazy dog', 0x414f_a339],
  ['', 0],
])('gives the published value of "%s"', (text, crc) => {
  expect(crc32(ascii(text), 0, text.length)).toBe(crc);
});

it('goes on from the CRC of what comes before', () => {
  const bytes = ascii('xx123456789');
  expect(crc32(bytes, 7, 4, crc32(bytes, 2, 5))).toBe(0xcbf4_3926);
});
