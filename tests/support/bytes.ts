/** Comparing long runs of bytes; `toEqual` looks at each of them as a value and takes milliseconds for a page. */

import { AssertionError } from 'node:assert';
import { Buffer } from 'node:buffer';

/** Throws, naming the first byte that differs, unless both hold the same bytes. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  const first = at < 0 ? expected.length : at;
  const show = (bytes: Uint8Array) =>
    Buffer.from(bytes.subarray(first, first + 16)).toString('hex');
  const message =
    actual.length === expected.length
      ? `bytes differ from ${first} on: ${show(actual)} instead of ${show(expected)}`
      : `${actual.length} bytes instead of ${expected.length}, alike up to ${first}`;
  throw new AssertionError({ message, stackStartFn: expectSameBytes });
}
