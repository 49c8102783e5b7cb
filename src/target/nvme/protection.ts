/**
 * Protection information: tuples of guard, application tag and reference tag at each block. NVM Command Set 1.0, 5.2 and 5.3.
 *
 * Does not model: the 32-bit guard, storage tags (their size is 0, so that all of that field is reference tag).
 */
import { crc16T10 } from '../../base/crc16-t10.ts';
import { Crc64Nvme } from '../../base/crc64-nvme.ts';
import { IoControl, SqeWord } from '../../wire/nvme-entries.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { type FormatInUse, GuardType } from './lba-format.ts';

const CHECKS = IoControl.checkGuard | IoControl.checkAppTag | IoControl.checkRefTag;
/** Reference tags are 32 bits beside a 16-bit guard and 48 bits beside a 64-bit one. */
const REF_LIMIT_32 = 2 ** 32;
const REF_LIMIT_48 = 2 ** 48;
const NO_APP_TAG = 0xffff;

/** Blocks with their metadata apart, as they are checked. */
export interface ProtectedBlocks {
  readonly blocks: number;
  readonly bytes: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What a command says about the tags of its blocks. */
export class ProtectionFields {
  /** PRINFO at its place in command dword 12. */
  prinfo = 0;
  /** Reference tag of the first block. */
  reference = 0;
  appTag = 0;
  appMask = 0;

  /** Reads the fields of a Read, Write, Compare, Verify or Write Zeroes. */
  read(sqe: Int32Array, guard: GuardType): void {
    this.prinfo = sqe[SqeWord.cdw12]!;
    const high = guard === GuardType.crc64 ? sqe[SqeWord.cdw3]! & 0xffff : 0;
    this.reference = high * REF_LIMIT_32 + (sqe[SqeWord.cdw14]! >>> 0);
    this.appTag = sqe[SqeWord.cdw15]! & 0xffff;
    this.appMask = sqe[SqeWord.cdw15]! >>> 16;
  }

  /** The controller inserts or strips the tuple. */
  get acts(): boolean {
    return (this.prinfo & IoControl.pract) !== 0;
  }

  /** Are the fields right for blocks from `slba` on? Type 1 wants the address as reference tag, type 3 no check of it. */
  status(format: FormatInUse, slba: number): number {
    if ((this.prinfo & IoControl.checkRefTag) === 0) return NvmeStatus.success;
    if (format.protection === 3) return NvmeStatus.invalidProtectionInfo;
    if (format.protection === 1 && this.reference !== slba % refLimit(format)) {
      return NvmeStatus.invalidProtectionInfo;
    }
    return NvmeStatus.success;
  }
}

/** Writes the tuples of all blocks. */
export function insertProtection(
  { blocks, bytes, metadata }: ProtectedBlocks,
  format: FormatInUse,
  fields: ProtectionFields,
): void {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length);
  for (let i = 0; i < blocks; i++) {
    const at = tupleAt(format, i);
    const reference = referenceOf(fields.reference, format, i);
    writeGuard(view, at, format, bytes, metadata, i);
    if (format.guard === GuardType.crc16) {
      view.setUint16(at + 2, fields.appTag);
      view.setUint32(at + 4, reference);
    } else {
      view.setUint16(at + 8, fields.appTag);
      view.setUint16(at + 10, Math.floor(reference / REF_LIMIT_32));
      view.setUint32(at + 12, reference % REF_LIMIT_32);
    }
  }
}

/** Checks the tuples of all blocks as the fields ask; returns a status. */
export function checkProtection(
  { blocks, bytes, metadata }: ProtectedBlocks,
  format: FormatInUse,
  fields: ProtectionFields,
): number {
  if ((fields.prinfo & CHECKS) === 0) return NvmeStatus.success;
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length);
  for (let i = 0; i < blocks; i++) {
    const at = tupleAt(format, i);
    const isShort = format.guard === GuardType.crc16;
    const appTag = view.getUint16(at + (isShort ? 2 : 8));
    const reference = isShort
      ? view.getUint32(at + 4)
      : view.getUint16(at + 10) * REF_LIMIT_32 + view.getUint32(at + 12);
    // A block whose tags are all ones is not checked.
    if (appTag === NO_APP_TAG) {
      if (format.protection !== 3 || reference === refLimit(format) - 1) continue;
    }
    if (
      (fields.prinfo & IoControl.checkGuard) !== 0 &&
      !isGuardRight(view, at, format, bytes, metadata, i)
    ) {
      return NvmeStatus.guardCheckError;
    }
    if (
      (fields.prinfo & IoControl.checkAppTag) !== 0 &&
      ((appTag ^ fields.appTag) & fields.appMask) !== 0
    ) {
      return NvmeStatus.applicationTagCheckError;
    }
    if (
      (fields.prinfo & IoControl.checkRefTag) !== 0 &&
      reference !== referenceOf(fields.reference, format, i)
    ) {
      return NvmeStatus.referenceTagCheckError;
    }
  }
  return NvmeStatus.success;
}

/** Where the tuple of block `i` lies in the metadata. */
export function tupleAt(format: FormatInUse, i: number): number {
  const inBlock = format.protectionFirst ? 0 : format.metadataBytes - format.protectionBytes;
  return i * format.metadataBytes + inBlock;
}

const scratch = new DataView(new ArrayBuffer(8));

function writeGuard(
  view: DataView,
  at: number,
  format: FormatInUse,
  bytes: Uint8Array,
  metadata: Uint8Array,
  i: number,
): void {
  putGuard(format, bytes, metadata, i);
  if (format.guard === GuardType.crc16) view.setUint16(at, scratch.getUint16(0));
  else {
    view.setUint32(at, scratch.getUint32(0));
    view.setUint32(at + 4, scratch.getUint32(4));
  }
}

function isGuardRight(
  view: DataView,
  at: number,
  format: FormatInUse,
  bytes: Uint8Array,
  metadata: Uint8Array,
  i: number,
): boolean {
  putGuard(format, bytes, metadata, i);
  if (format.guard === GuardType.crc16) return view.getUint16(at) === scratch.getUint16(0);
  return (
    view.getUint32(at) === scratch.getUint32(0) && view.getUint32(at + 4) === scratch.getUint32(4)
  );
}

const crc64 = new Crc64Nvme();

/** The guard of block `i` to the scratch: over its data, and over the metadata before a tuple that comes last. */
function putGuard(
  { guard, blockBytes, metadataBytes, protectionBytes, protectionFirst }: FormatInUse,
  bytes: Uint8Array,
  metadata: Uint8Array,
  i: number,
): void {
  const covered = protectionFirst ? 0 : metadataBytes - protectionBytes;
  if (guard === GuardType.crc16) {
    const crc = crc16T10(bytes, i * blockBytes, blockBytes);
    scratch.setUint16(0, crc16T10(metadata, i * metadataBytes, covered, crc));
    return;
  }
  crc64.reset();
  crc64.update(bytes, i * blockBytes, blockBytes);
  crc64.update(metadata, i * metadataBytes, covered);
  scratch.setUint32(0, crc64.hi);
  scratch.setUint32(4, crc64.lo);
}

function refLimit({ guard }: FormatInUse): number {
  return guard === GuardType.crc16 ? REF_LIMIT_32 : REF_LIMIT_48;
}

/** Types 1 and 2 count the reference tag up from block to block. */
function referenceOf(first: number, format: FormatInUse, i: number): number {
  return format.protection === 3 ? first : (first + i) % refLimit(format);
}
