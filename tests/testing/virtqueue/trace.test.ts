import { expect, it } from 'vitest';
import { addressText, bytesOfHex, crc32, halvesOf } from '../../../src/testing/virtqueue/trace.ts';

it('addresses of a trace are two halves and come back as they were written', () => {
  expect(halvesOf('0x10')).toEqual({ lo: 0x10, hi: 0 });
  expect(halvesOf('0xfedcba9876543210')).toEqual({ lo: 0x7654_3210, hi: 0xfedc_ba98 });
  for (const text of ['0x0', '0x10', '0xffffffff', '0x100000000', '0xffffffffffffffff']) {
    const { lo, hi } = halvesOf(text);
    expect(addressText(lo, hi)).toBe(text);
  }
});

it('hex and CRC are as everywhere', () => {
  expect([...bytesOfHex('00ff1a')]).toEqual([0, 255, 26]);
  expect(crc32(Uint8Array.from('123456789', (digit) => digit.charCodeAt(0)))).toBe(0xcbf4_3926);
});
