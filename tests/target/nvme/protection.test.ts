import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf, GuardType, type LbaFormat } from '../../../src/target/nvme/lba-format.ts';
import {
  checkProtection,
  insertProtection,
  ProtectionFields,
  tupleAt,
} from '../../../src/target/nvme/protection.ts';
import { IoControl, SqeWord } from '../../../src/wire/nvme-entries.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../../support/runs.ts';

const { checkGuard, checkAppTag, checkRefTag } = IoControl;
const formats: readonly LbaFormat[] = [
  { blockBytes: 512, metadataBytes: 8 },
  { blockBytes: 512, metadataBytes: 24 },
  { blockBytes: 512, metadataBytes: 16, guard: GuardType.crc64 },
  { blockBytes: 512, metadataBytes: 32, guard: GuardType.crc64 },
];

const anyCase = fc.record({
  index: fc.nat(3),
  protection: fc.integer({ min: 1, max: 3 }),
  protectionFirst: fc.boolean(),
  seed: fc.nat(255),
  reference: fc.oneof(fc.nat(1000), fc.constant(2 ** 32 - 1)),
  appTag: fc.nat(0xfffe),
  blocks: fc.integer({ min: 1, max: 4 }),
});

function made(each: typeof anyCase extends fc.Arbitrary<infer T> ? T : never) {
  const format = formatOf(formats, each)!;
  const bytes = Uint8Array.from({ length: each.blocks * 512 }, (_, i) => (i * 7 + each.seed) & 255);
  const metadata = new Uint8Array(each.blocks * format.metadataBytes).fill(each.seed);
  const fields = new ProtectionFields();
  const checksReference = each.protection === 3 ? 0 : checkRefTag;
  fields.prinfo = checkGuard | checkAppTag | checksReference;
  fields.reference = each.reference;
  fields.appTag = each.appTag;
  fields.appMask = 0xffff;
  const blocks = { blocks: each.blocks, bytes, metadata };
  insertProtection(blocks, format, fields);
  return { format, blocks, fields };
}

describe('protection information', () => {
  it('passes all its checks as it was made', () => {
    const property = fc.property(anyCase, (each) => {
      const { format, blocks, fields } = made(each);
      expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.success);
    });
    checkProperty(property, runs(100, 1000));
  });

  it('does not pass once a bit of what the guard covers, or of the guard, has flipped', () => {
    const property = fc.property(anyCase, fc.nat(), fc.nat(7), (each, where, bit) => {
      const { format, blocks, fields } = made(each);
      const guardBytes = format.guard === GuardType.crc16 ? 2 : 8;
      const before = format.protectionFirst ? 0 : format.metadataBytes - format.protectionBytes;
      const i = where % each.blocks;
      const covered = where % (512 + before + guardBytes);
      if (covered < 512) blocks.bytes[512 * i + covered]! ^= 1 << bit;
      else {
        const at = covered - 512;
        const tuple = tupleAt(format, i);
        const place = at < before ? i * format.metadataBytes + at : tuple + at - before;
        blocks.metadata[place]! ^= 1 << bit;
      }
      expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.guardCheckError);
      fields.prinfo &= ~checkGuard;
      expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.success);
    });
    checkProperty(property, runs(100, 1000));
  });

  it('compares application tags under their mask', () => {
    const { format, blocks, fields } = made({ ...base, protection: 2 });
    fields.appTag ^= 0x0010;
    expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.applicationTagCheckError);
    fields.appMask = 0xffef;
    expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.success);
  });

  it.each([1, 2])('counts the reference tags of type %d up', (protection) => {
    const { format, blocks, fields } = made({ ...base, protection });
    fields.reference += 1;
    expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.referenceTagCheckError);
  });

  it.each([1, 2, 3])('does not check a block of type %d whose tags are all ones', (protection) => {
    const { format, blocks, fields } = made({ ...base, protection, blocks: 1, appTag: 0xffff });
    blocks.bytes[0]! ^= 1;
    const isChecked = checkProtection(blocks, format, fields) !== NvmeStatus.success;
    expect(isChecked).toBe(protection === 3);
    blocks.metadata.fill(0xff, 4);
    expect(checkProtection(blocks, format, fields)).toBe(NvmeStatus.success);
  });

  it('wants the address as the reference tag of type 1, and no check of that of type 3', () => {
    const statusOf = (protection: number, reference: number, prinfo: number, index = 0) => {
      const fields = new ProtectionFields();
      const sqe = new Int32Array(16);
      sqe[SqeWord.cdw12] = prinfo;
      sqe[SqeWord.cdw14] = reference;
      sqe[SqeWord.cdw3] = Math.floor(reference / 2 ** 32);
      fields.read(sqe, formats[index]!.guard ?? GuardType.crc16);
      return fields.status(formatOf(formats, { index, protection })!, 2 ** 33 + 5);
    };
    const wrong = NvmeStatus.invalidProtectionInfo;
    expect([statusOf(1, 5, checkRefTag), statusOf(1, 6, checkRefTag)]).toEqual([0, wrong]);
    expect([statusOf(1, 6, checkGuard), statusOf(2, 6, checkRefTag)]).toEqual([0, 0]);
    expect([statusOf(3, 5, checkRefTag), statusOf(3, 6, checkAppTag)]).toEqual([wrong, 0]);
    // The 64-bit guard leaves 48 bits to the tag.
    expect([statusOf(1, 5, checkRefTag, 2), statusOf(1, 2 ** 33 + 5, checkRefTag, 2)]).toEqual([
      wrong,
      0,
    ]);
  });
});

const base = { index: 0, protectionFirst: false, seed: 3, reference: 9, appTag: 0x1234, blocks: 3 };
