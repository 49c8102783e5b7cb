/**
 * What written blocks carry so that reading them back finds every lost, stale, misplaced or damaged one.
 *
 * `crc32c`: a header of this library's own (32-bit words: magic, CRC-32C of all that follows it, length, offset low and high,
 * sequence), then bytes that differ from write to write, or a pattern. `pattern`: the pattern alone, as with fio.
 */
import { crc32c } from '../base/crc32c.ts';
import { fillPattern, type Pattern } from './pattern.ts';

/** Bytes of the header. */
const HEADER_BYTES = 24;
/** `LIOv` in ASCII. */
const MAGIC = 0x764f_494c;

/** What was wrong with a block that was read back. */
export const VerifyFault = {
  none: 0,
  magic: 1,
  checksum: 2,
  length: 3,
  offset: 4,
  sequence: 5,
  pattern: 6,
} as const;
/** One of {@link VerifyFault}. */
export type VerifyFault = (typeof VerifyFault)[keyof typeof VerifyFault];

const FAULT_TEXTS: Readonly<Record<VerifyFault, string>> = {
  [VerifyFault.none]: 'nothing wrong',
  [VerifyFault.magic]: 'no header',
  [VerifyFault.checksum]: 'wrong checksum',
  [VerifyFault.length]: 'a block of another length',
  [VerifyFault.offset]: 'the block of another offset',
  [VerifyFault.sequence]: 'not the block that was written last',
  [VerifyFault.pattern]: 'bytes that differ from the pattern',
};

/** What a {@link VerifyFault} means, for people. */
export function verifyFaultText(fault: VerifyFault): string {
  return FAULT_TEXTS[fault];
}

/** The sequence number of a block that somebody else wrote: any is right. */
export const ANY_SEQUENCE = 0;

/** The sequence number of no write. */
const NO_SEQUENCE = 0;

/** Fills blocks and checks them. */
export class BlockVerifier {
  readonly #hasHeader: boolean;
  readonly #pattern: Pattern | undefined;
  readonly #blockBytes: number;
  readonly #expected: Uint8Array;

  /** @param blockBytes a multiple of 4, larger than the header; `pattern` is given when there is no header */
  constructor(hasHeader: boolean, pattern: Pattern | undefined, blockBytes: number) {
    this.#hasHeader = hasHeader;
    this.#pattern = pattern;
    this.#blockBytes = blockBytes;
    this.#expected = new Uint8Array(pattern === undefined || hasHeader ? 0 : blockBytes);
  }

  /**
   * Fills a buffer with the block that goes to byte `offset` of the disk.
   *
   * @param words the same memory as `bytes`
   * @param sequence which write of its job this is: 1 and up
   */
  fill(bytes: Uint8Array, words: Uint32Array, offset: number, sequence: number): void {
    const length = this.#blockBytes;
    const at = this.#hasHeader ? HEADER_BYTES : 0;
    if (this.#pattern === undefined) fillNoise(words, at / 4, sequence, offset);
    else fillPattern(this.#pattern, bytes, at, length - at, offset);
    if (!this.#hasHeader) return;
    words[0] = MAGIC;
    words[2] = length;
    words[3] = offset >>> 0;
    words[4] = Math.floor(offset / 0x1_0000_0000);
    words[5] = sequence;
    words[1] = crc32c(bytes, 8, length - 8);
  }

  /** Fills a buffer with what no block holds, before a read: a read that moves nothing must not find what is there already. */
  scrub(words: Uint32Array, offset: number): void {
    fillNoise(words, 0, NO_SEQUENCE, offset);
  }

  /** What is wrong with the block that was read from byte `offset`. */
  check(bytes: Uint8Array, words: Uint32Array, offset: number, sequence: number): VerifyFault {
    if (!this.#hasHeader) return this.#checkPattern(bytes, offset);
    if (words[0] !== MAGIC) return VerifyFault.magic;
    if (words[2] !== this.#blockBytes) return VerifyFault.length;
    if (words[1] !== crc32c(bytes, 8, this.#blockBytes - 8)) return VerifyFault.checksum;
    if (words[3]! + words[4]! * 0x1_0000_0000 !== offset) return VerifyFault.offset;
    if (sequence !== ANY_SEQUENCE && words[5] !== sequence) return VerifyFault.sequence;
    return VerifyFault.none;
  }

  #checkPattern(bytes: Uint8Array, offset: number): VerifyFault {
    const expected = this.#expected;
    fillPattern(this.#pattern!, expected, 0, expected.length, offset);
    for (let i = 0; i < expected.length; i++) {
      if (bytes[i] !== expected[i]) return VerifyFault.pattern;
    }
    return VerifyFault.none;
  }
}

/** Words that no other write has: a xorshift stream from the sequence and the place. */
function fillNoise(words: Uint32Array, from: number, sequence: number, offset: number): void {
  let x = (Math.imul(sequence, 0x9e37_79b1) ^ Math.imul(Math.floor(offset / 512), 0x85eb_ca6b)) | 1;
  for (let i = from; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
}
