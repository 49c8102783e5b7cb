/**
 * The patterns of `verify_pattern`, as fio writes them: hexadecimal (`0xdeadbeef`), text in double quotes (`"abcd"`), decimal numbers
 * (little-endian, as few bytes as hold them), and `%o` (the offset of the block, 8 bytes), one after another without spaces.
 */

/** Most bytes of a pattern. */
export const MAX_PATTERN_BYTES = 512;

/** A sequence of bytes that is repeated over a block. */
export interface Pattern {
  /** The bytes, with zeroes where an offset goes. */
  readonly bytes: Uint8Array;
  /** Where in `bytes` the 8-byte little-endian offset of the block goes. */
  readonly offsetsAt: readonly number[];
}

const PART = /0x([0-9a-f]+)|"([^"]+)"|(-?\d{1,10})(?![0-9a-z])|(%o)/giy;

/** The pattern that `text` means, or `undefined`. Characters above U+00FF are no bytes and are refused. */
export function parsePattern(text: string): Pattern | undefined {
  const bytes: number[] = [];
  const offsetsAt: number[] = [];
  PART.lastIndex = 0;
  for (let at = 0; at < text.length; at = PART.lastIndex) {
    const match = PART.exec(text);
    if (match === null) return undefined;
    const [, hex, quoted, decimal] = match;
    if (hex !== undefined) pushHex(bytes, hex);
    else if (quoted !== undefined) for (const letter of quoted) bytes.push(letter.codePointAt(0)!);
    else if (decimal !== undefined && !pushDecimal(bytes, Number(decimal))) return undefined;
    else if (decimal === undefined) {
      offsetsAt.push(bytes.length);
      bytes.push(0, 0, 0, 0, 0, 0, 0, 0);
    }
    if (bytes.length > MAX_PATTERN_BYTES) return undefined;
  }
  const isUsable = bytes.length > 0 && bytes.every((byte) => byte <= 255);
  return isUsable ? { bytes: Uint8Array.from(bytes), offsetsAt } : undefined;
}

/** Fills `into[at .. at + length - 1]` with the pattern of the block at byte `offset` of the disk. */
export function fillPattern(
  pattern: Pattern,
  into: Uint8Array,
  at: number,
  length: number,
  offset: number,
): void {
  const period = Math.min(pattern.bytes.length, length);
  for (let i = 0; i < period; i++) into[at + i] = pattern.bytes[i]!;
  for (let place = 0; place < pattern.offsetsAt.length; place++) {
    const first = pattern.offsetsAt[place]!;
    let rest = offset;
    for (let i = first; i < first + 8 && i < period; i++) {
      into[at + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
  // What is filled already is copied behind itself, twice as much each time.
  for (let done = period; done < length; done *= 2) {
    into.copyWithin(at + done, at, at + Math.min(done, length - done));
  }
}

function pushHex(bytes: number[], digits: string): void {
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  for (let i = 0; i < even.length; i += 2) bytes.push(Number(`0x${even.slice(i, i + 2)}`));
}

function pushDecimal(bytes: number[], value: number): boolean {
  if (value < -0x8000_0000 || value > 0x7fff_ffff) return false;
  let rest = value >>> 0;
  do {
    bytes.push(rest & 255);
    rest >>>= 8;
  } while (rest !== 0);
  return true;
}
