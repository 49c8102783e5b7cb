import { describe, expect, it } from 'vitest';
import { Crc64Nvme } from '../../src/base/crc64-nvme.ts';

function crcOf(bytes: Uint8Array): string {
  const crc = new Crc64Nvme();
  crc.update(bytes, 0, bytes.length);
  return crc.hi.toString(16).padStart(8, '0') + crc.lo.toString(16).padStart(8, '0');
}

const text = (from: string) => Uint8Array.from(from, (character) => character.charCodeAt(0));

describe('Crc64Nvme', () => {
  // NVM Command Set 1.0, figure 121.
  it.each([
    ['4096 bytes of 00h', new Uint8Array(4096), '6482d367eb22b64e'],
    ['4096 bytes of FFh', new Uint8Array(4096).fill(255), 'c0ddba7302eca3ac'],
    ['4096 bytes counting up', Uint8Array.from({ length: 4096 }, (_, i) => i), '3e729f5f6750449c'],
    [
      '4096 bytes counting down',
      Uint8Array.from({ length: 4096 }, (_, i) => 255 - i),
      '9a2df64b8e9e517e',
    ],
    ['the text 123456789', text('123456789'), 'ae8b14860a799888'],
    ['nothing', new Uint8Array(0), '0000000000000000'],
  ])('has the published value for %s', (_, bytes, value) => {
    expect(crcOf(bytes)).toBe(value);
  });

  it('is the same in pieces, and begins anew', () => {
    const bytes = text('..123456789');
    const crc = new Crc64Nvme();
    crc.update(bytes, 0, 2);
    crc.reset();
    crc.update(bytes, 2, 4);
    crc.update(bytes, 6, 5);
    expect([crc.hi, crc.lo]).toEqual([0xae8b_1486, 0x0a79_9888]);
  });
});
