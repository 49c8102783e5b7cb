import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANY_SEQUENCE,
  BlockVerifier,
  VerifyFault,
  verifyFaultText,
} from '../../src/workload/block-verifier.ts';
import { parsePattern } from '../../src/workload/pattern.ts';
import { checkProperty, runs } from '../support/runs.ts';

const SIZE = 512;

function block(): { bytes: Uint8Array; words: Uint32Array } {
  const bytes = new Uint8Array(SIZE);
  return { bytes, words: new Uint32Array(bytes.buffer) };
}

describe('a block with a header', () => {
  const verifier = new BlockVerifier(true, undefined, SIZE);

  it('is right where and when it was written, and for those who do not know its number', () => {
    const { bytes, words } = block();
    verifier.fill(bytes, words, 2 ** 40 + 512, 7);
    expect(verifier.check(bytes, words, 2 ** 40 + 512, 7)).toBe(VerifyFault.none);
    expect(verifier.check(bytes, words, 2 ** 40 + 512, ANY_SEQUENCE)).toBe(VerifyFault.none);
  });

  it('is found at another place, of another length, and stale', () => {
    const { bytes, words } = block();
    verifier.fill(bytes, words, 1024, 7);
    expect(verifier.check(bytes, words, 1536, 7)).toBe(VerifyFault.offset);
    expect(verifier.check(bytes, words, 1024, 8)).toBe(VerifyFault.sequence);
    const larger = new BlockVerifier(true, undefined, 1024);
    expect(larger.check(bytes, words, 1024, 7)).toBe(VerifyFault.length);
  });

  it('is missing in zeroes', () => {
    const { bytes, words } = block();
    expect(verifier.check(bytes, words, 0, ANY_SEQUENCE)).toBe(VerifyFault.magic);
  });

  it('shows every changed bit', () => {
    checkProperty(
      fc.property(fc.nat(SIZE * 8 - 1), fc.nat(1000), (bit, sequence) => {
        const { bytes, words } = block();
        verifier.fill(bytes, words, 512, sequence + 1);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifier.check(bytes, words, 512, sequence + 1)).not.toBe(VerifyFault.none);
      }),
      runs(200),
    );
  });

  it('has other bytes in each sector of each write, so that a torn one shows', () => {
    const size = 4096;
    const large = new BlockVerifier(true, undefined, size);
    const [a, b] = [new Uint8Array(size), new Uint8Array(size)];
    large.fill(a, new Uint32Array(a.buffer), 0, 1);
    large.fill(b, new Uint32Array(b.buffer), 0, 2);
    for (let at = 0; at < size; at += 512) {
      const torn = b.slice();
      torn.set(a.subarray(at, at + 512), at);
      expect(large.check(torn, new Uint32Array(torn.buffer), 0, 2)).not.toBe(VerifyFault.none);
    }
  });

  it('holds a pattern behind its header when there is one', () => {
    const { bytes, words } = block();
    const patterned = new BlockVerifier(true, parsePattern('0xab'), SIZE);
    patterned.fill(bytes, words, 0, 1);
    expect(bytes.subarray(24).every((byte) => byte === 0xab)).toBe(true);
    expect(patterned.check(bytes, words, 0, 1)).toBe(VerifyFault.none);
  });
});

describe('a buffer that was scrubbed', () => {
  it.each([
    ['a header', true, undefined],
    ['a pattern', false, '0x00'],
    ['a header and a pattern', true, '"a"%o'],
  ])('holds no block with %s', (_, hasHeader, pattern) => {
    const verifier = new BlockVerifier(
      hasHeader,
      pattern === undefined ? undefined : parsePattern(pattern),
      SIZE,
    );
    const { bytes, words } = block();
    verifier.fill(bytes, words, 512, 3);
    verifier.scrub(words, 512);
    expect(verifier.check(bytes, words, 512, ANY_SEQUENCE)).not.toBe(VerifyFault.none);
  });
});

describe('a block of a pattern alone', () => {
  it('is the pattern, and shows every other byte', () => {
    const verifier = new BlockVerifier(false, parsePattern('"ab"%o'), SIZE);
    const { bytes, words } = block();
    verifier.fill(bytes, words, 512, 1);
    expect([...bytes.subarray(0, 12)]).toEqual([97, 98, 0, 2, 0, 0, 0, 0, 0, 0, 97, 98]);
    expect(verifier.check(bytes, words, 512, 99)).toBe(VerifyFault.none);
    expect(verifier.check(bytes, words, 1024, 1)).toBe(VerifyFault.pattern);
    bytes[SIZE - 1]! ^= 1;
    expect(verifier.check(bytes, words, 512, 1)).toBe(VerifyFault.pattern);
  });
});

describe('verifyFaultText', () => {
  it('has words for each fault', () => {
    const texts = Object.values(VerifyFault).map(verifyFaultText);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
