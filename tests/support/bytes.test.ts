import { expect, it } from 'vitest';
import { expectSameBytes } from './bytes.ts';

it('is silent about equal bytes, even of different buffers', () => {
  expectSameBytes(Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2).subarray(1));
});

it('names the first byte that differs', () => {
  expect(() => expectSameBytes(Uint8Array.of(1, 9, 3), Uint8Array.of(1, 2, 3))).toThrow(
    'bytes differ from 1 on: 0903 instead of 0203',
  );
});

it('names the lengths when they differ', () => {
  expect(() => expectSameBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toThrow(
    '1 bytes instead of 2, alike up to 1',
  );
  expect(() => expectSameBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toThrow(/alike up to 1/);
});
