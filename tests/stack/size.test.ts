import { expect, it } from 'vitest';
import { formatSize, parseSize } from '../../src/stack/size.ts';

it.each([
  ['512', 512],
  [' 64KiB ', 65_536],
  ['64K', 65_536],
  ['3MiB', 3 * 2 ** 20],
  ['2G', 2 ** 31],
  ['1TiB', 2 ** 40],
  [4096, 4096],
  ['', undefined],
  ['-1', undefined],
  ['1.5M', undefined],
  ['12XB', undefined],
  ['9999999TiB', undefined],
  [0.5, undefined],
  [-1, undefined],
])('parseSize(%j) is %j', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each([0, 1, 512, 1024, 1536, 64 * 2 ** 20, 3 * 2 ** 40])(
  'formats %d so that it parses back',
  (n) => {
    expect(parseSize(formatSize(n))).toBe(n);
  },
);
