/**
 * Protection information of T10: eight bytes for each block that say what is in it, whose it is, and where it belongs.
 * SBC-4, 4.21; NVM Command Set 1.0, 5.2. All fields are big-endian.
 *
 * Does not model: type 2, whose reference tag comes with the command; guards other than the CRC-16.
 */
import { crc16T10 } from '../base/crc16-t10.ts';
import { be16, be32, layout } from '../wire/layout.ts';

/** Bytes of the protection information of one block. */
export const PI_BYTES = 8;

/** Protection information of one block. */
export const piTuple = layout('pi_tuple', PI_BYTES, {
  /** CRC-16/T10-DIF of the block. */
  guard: be16(0),
  /** Of the owner's choice; FFFFh switches checks off. */
  applicationTag: be16(2),
  /** Type 1: the low 32 bits of the block's address. Type 3: of the owner's choice. */
  referenceTag: be32(4),
});

/** What the reference tag means. */
export const ProtectionType = {
  /** The address of the block. */
  type1: 1,
  /** Nothing that is checked. */
  type3: 3,
} as const;
/** One of {@link ProtectionType}. */
export type ProtectionType = (typeof ProtectionType)[keyof typeof ProtectionType];

/** What is wrong with a block: the first of the checks that fails, in the order of the standard. */
export const PiFault = {
  none: 0,
  guard: 1,
  applicationTag: 2,
  referenceTag: 3,
} as const;
/** One of {@link PiFault}. */
export type PiFault = (typeof PiFault)[keyof typeof PiFault];

/** The value of a tag that switches checks off: of both tags in type 3, of the application tag alone in type 1. */
const ESCAPE_16 = 0xffff;
const ESCAPE_32 = 0xffff_ffff;

/** How blocks are protected. */
export interface Protection {
  readonly type: ProtectionType;
  /** Application tag of what is written; 0 unless given. */
  readonly applicationTag?: number;
  /** Which bits of it are compared when a block is read; none (0) unless given. */
  readonly applicationTagMask?: number;
  /** Reference tag of what is written with type 3; 0 unless given. */
  readonly referenceTag?: number;
}

/** Writes the tuple of the block at `block[at .. at + length - 1]`, whose address is `lba`, to byte `base` of `tuples`. */
export function generatePi(
  protection: Protection,
  lba: number,
  block: Uint8Array,
  at: number,
  length: number,
  tuples: DataView,
  base: number,
): void {
  const { type, applicationTag = 0, referenceTag = 0 } = protection;
  piTuple.guard.set(tuples, base, crc16T10(block, at, length));
  piTuple.applicationTag.set(tuples, base, applicationTag);
  piTuple.referenceTag.set(
    tuples,
    base,
    type === ProtectionType.type1 ? low32(lba) : referenceTag >>> 0,
  );
}

/** Compares a block with its tuple; the arguments are those of {@link generatePi}. */
export function verifyPi(
  protection: Protection,
  lba: number,
  block: Uint8Array,
  at: number,
  length: number,
  tuples: DataView,
  base: number,
): PiFault {
  const { type, applicationTag = 0, applicationTagMask = 0 } = protection;
  const isType1 = type === ProtectionType.type1;
  const application = piTuple.applicationTag.get(tuples, base);
  const reference = piTuple.referenceTag.get(tuples, base);
  if (application === ESCAPE_16 && (isType1 || reference === ESCAPE_32)) return PiFault.none;
  if (piTuple.guard.get(tuples, base) !== crc16T10(block, at, length)) return PiFault.guard;
  if (((application ^ applicationTag) & applicationTagMask) !== 0) return PiFault.applicationTag;
  return isType1 && reference !== low32(lba) ? PiFault.referenceTag : PiFault.none;
}

/** An address without its high half. */
function low32(lba: number): number {
  return lba % 0x1_0000_0000;
}
