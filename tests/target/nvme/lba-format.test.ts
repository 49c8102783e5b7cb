import { describe, expect, it } from 'vitest';
import {
  checkFormats,
  formatOf,
  GuardType,
  type LbaFormat,
  tupleBytes,
} from '../../../src/target/nvme/lba-format.ts';

const formats: readonly LbaFormat[] = [
  { blockBytes: 512 },
  { blockBytes: 512, metadataBytes: 8 },
  { blockBytes: 4096, metadataBytes: 16, guard: GuardType.crc64 },
  { blockBytes: 512, metadataBytes: 8, guard: GuardType.crc64 },
];

describe('formatOf', () => {
  it('fills in what follows from a choice', () => {
    expect(formatOf(formats, { index: 0, extended: true, protectionFirst: true })).toEqual({
      blockBytes: 512,
      metadataBytes: 0,
      extended: true,
      index: 0,
      protection: 0,
      protectionFirst: false,
      guard: GuardType.crc16,
      protectionBytes: 0,
    });
    expect(
      formatOf(formats, { index: 2, extended: true, protection: 3, protectionFirst: true }),
    ).toMatchObject({
      blockBytes: 4096,
      metadataBytes: 16,
      extended: true,
      protection: 3,
      protectionFirst: true,
      protectionBytes: 16,
    });
  });

  it.each([
    ['a format that is not there', { index: 4 }],
    ['protection without metadata', { index: 0, protection: 1 }],
    ['a tuple that is larger than the metadata', { index: 3, protection: 1 }],
    ['a type of protection that there is not', { index: 1, protection: 4 }],
  ])('knows no %s', (_, choice) => {
    expect(formatOf(formats, choice)).toBeUndefined();
  });

  it('has tuples of 8 and 16 bytes', () => {
    expect([tupleBytes(GuardType.crc16), tupleBytes(GuardType.crc64)]).toEqual([8, 16]);
  });
});

describe('checkFormats', () => {
  it('takes what a unit can have', () => {
    expect(() => checkFormats(formats, 512)).not.toThrow();
    expect(() => checkFormats(new Array(16).fill({ blockBytes: 65_536 }), 4096)).not.toThrow();
  });

  it.each([
    ['formats', []],
    ['formats', new Array(17).fill({ blockBytes: 4096 })],
    ['blockBytes', [{ blockBytes: 512 }]],
    ['blockBytes', [{ blockBytes: 12_288 }]],
    ['blockBytes', [{ blockBytes: 131_072 }]],
    ['metadataBytes', [{ blockBytes: 4096, metadataBytes: 257 }]],
    ['metadataBytes', [{ blockBytes: 4096, metadataBytes: -1 }]],
  ])('refuses %s of %j on blocks of 4096 bytes', (key, wrong) => {
    expect(() => checkFormats(wrong, 4096)).toThrow(key);
  });
});
