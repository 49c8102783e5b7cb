import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPattern, MAX_PATTERN_BYTES, parsePattern } from '../../src/workload/pattern.ts';
import { checkProperty, runs } from '../support/runs.ts';

function filled(text: string, length: number, offset = 0): number[] {
  const bytes = new Uint8Array(length + 2).fill(0xee);
  fillPattern(parsePattern(text)!, bytes, 1, length, offset);
  expect([bytes[0], bytes[length + 1]]).toEqual([0xee, 0xee]);
  return [...bytes.subarray(1, length + 1)];
}

// The left column was given to fio 3.33; the right one is what it wrote to its file.
describe('a pattern as fio writes it', () => {
  it.each([
    ['0xdeadbeef', [0xde, 0xad, 0xbe, 0xef, 0xde]],
    ['0x1', [1, 1, 1]],
    ['0X123', [0x01, 0x23, 0x01]],
    ['"abcd"', [0x61, 0x62, 0x63, 0x64, 0x61]],
    ['5', [5, 5, 5]],
    ['300', [0x2c, 0x01, 0x2c]],
    ['1234', [0xd2, 0x04, 0xd2]],
    ['70000', [0x70, 0x11, 0x01, 0x70]],
    ['-7', [0xf9, 0xff, 0xff, 0xff, 0xf9]],
    ['-70000', [0x90, 0xee, 0xfe, 0xff, 0x90]],
    ['%o', [0x00, 0x02, 0, 0, 0, 0, 0, 0, 0x00, 0x02]],
    ['0xff"ab"%o', [0xff, 0x61, 0x62, 0x00, 0x02, 0, 0, 0, 0, 0, 0, 0xff]],
    [
      '0xff%o"abcd"-21',
      [0xff, 0, 2, 0, 0, 0, 0, 0, 0, 97, 98, 99, 100, 0xeb, 255, 255, 255, 255, 0],
    ],
  ])('%s fills a block at byte 512', (text, bytes) => {
    expect(filled(text, bytes.length, 512)).toEqual(bytes);
  });

  it.each([
    '',
    '""',
    '0x',
    '0xzz',
    '12ab',
    "'abcd'",
    'abcd',
    '0xff000/0xab',
    '"ab" "cd"',
    '"a',
    '%x',
    '5000000000',
    '0xffff 0x00',
    '"\u0101"',
  ])('refuses %j', (text) => {
    expect(parsePattern(text)).toBeUndefined();
  });

  it('takes 512 bytes and no more', () => {
    expect(parsePattern(`0x${'ab'.repeat(MAX_PATTERN_BYTES)}`)?.bytes).toHaveLength(512);
    expect(parsePattern(`0x${'ab'.repeat(MAX_PATTERN_BYTES + 1)}`)).toBeUndefined();
  });
});

describe('fillPattern', () => {
  it('repeats the pattern over any length', () => {
    checkProperty(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        fc.nat(200),
        (pattern, length) => {
          const hex = [...pattern].map((byte) => byte.toString(16).padStart(2, '0')).join('');
          expect(filled(`0x${hex}`, length)).toEqual(
            Array.from({ length }, (_, i) => pattern[i % pattern.length]),
          );
        },
      ),
      runs(100),
    );
  });

  it('writes offsets beyond 32 bits exactly, and cuts one that the block ends in', () => {
    expect(filled('%o', 8, 0x1f_1234_5678_9abc)).toEqual([
      0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0x1f, 0,
    ]);
    expect(filled('0x01%o', 4, 0x0a0b0c)).toEqual([1, 0x0c, 0x0b, 0x0a]);
  });
});
