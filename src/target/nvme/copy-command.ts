/** Copy: one source range after the other is read and written to where the last one ended. NVM Command Set 1.0, 3.2.2. */
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { TargetOp } from '../../interfaces/target.ts';
import {
  COPY_RANGE_64_BYTES,
  COPY_RANGE_BYTES,
  copyRange,
  copyRange64,
} from '../../wire/nvme-copy.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { type IoRules, isInside, loadRanges, useBuffer } from './io-rules.ts';
import { type IoSlot, SlotKind } from './io-slot.ts';
import { type FormatInUse, GuardType } from './lba-format.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';
import { checkProtection, insertProtection, ProtectionFields } from './protection.ts';
import { admitRead, admitWrite, takeNextPiece } from './zoned/zone-io.ts';

/** Most blocks of one source range (MSSRL), and of all of them (MCL). */
export const MAX_COPY_BLOCKS = 128;
/** Most source ranges (MSRC + 1). */
export const MAX_COPY_RANGES = 128;

/** PRINFO in command dword 12: of the reads at bit 12, of the write at bit 26, where that of other commands lies. */
const READ_PRINFO_SHIFT = 12;
const PRINFO_SHIFT = 26;
const PRACT = 8;

/** Checks a Copy as a whole; the slot has its namespace, and its first block as the destination. */
export function parseCopy(command: NvmeCommand, rules: IoRules, slot: IoSlot): number {
  const cdw12 = command.sqe[SqeWord.cdw12]!;
  const kind = (cdw12 >>> 8) & 0xf;
  const namespace = slot.namespace!;
  const { format } = namespace;
  const enabled = rules.can.copyFormats & (kind < 2 ? 3 : rules.features.copyFormats);
  if (((enabled >>> kind) & 1) === 0) return NvmeStatus.invalidField;
  const isLong = (kind & 1) === 1;
  if (isLong !== (format.guard === GuardType.crc64)) return NvmeStatus.invalidFormat;
  if (format.protection !== 0) {
    const both = (cdw12 >>> READ_PRINFO_SHIFT) ^ (cdw12 >>> PRINFO_SHIFT);
    if ((both & PRACT) !== 0) return NvmeStatus.invalidField;
  }
  const count = (cdw12 & 0xff) + 1;
  if (count > MAX_COPY_RANGES) return NvmeStatus.commandSizeLimitExceeded;
  const stride = isLong ? COPY_RANGE_64_BYTES : COPY_RANGE_BYTES;
  if (!loadRanges(command, slot, count * stride)) return NvmeStatus.dataTransferError;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const blocks = copyRange.nlb0.get(slot.ranges!, i * stride) + 1;
    if (blocks > MAX_COPY_BLOCKS) return NvmeStatus.commandSizeLimitExceeded;
    total += blocks;
  }
  if (total > MAX_COPY_BLOCKS) return NvmeStatus.commandSizeLimitExceeded;
  if (!isInside(slot.slba, total, namespace.blockCount)) return NvmeStatus.lbaOutOfRange;
  if (format.protection !== 0) {
    slot.protection ??= new ProtectionFields();
    slot.protection.read(command.sqe, format.guard);
    const status = slot.protection.status(format, slot.slba);
    if (status !== NvmeStatus.success) return status;
  }
  slot.kind = SlotKind.copyRead;
  slot.destination = slot.slba;
  slot.rangeCount = count;
  slot.nextRange = 0;
  return NvmeStatus.success;
}

/** Makes the slot the read of its next source range; false when there is none left, or it cannot be read (`code` says why). */
export function takeCopyRange(slot: IoSlot, rules: IoRules): boolean {
  if (slot.nextRange === slot.rangeCount) return false;
  const { ranges, nextRange } = slot;
  const destination = rules.subsystem.namespace(slot.nsid, rules.index);
  const source = sourceOf(slot, rules);
  if (source === undefined || destination === undefined) {
    slot.code = NvmeStatus.invalidNamespace;
    return false;
  }
  slot.format = destination.format;
  if (!isAlike(source.format, destination.format)) {
    slot.code = NvmeStatus.incompatibleFormat;
    return false;
  }
  const at = nextRange * strideOf(slot.format);
  slot.nlb = copyRange.nlb0.get(ranges!, at) + 1;
  slot.slba = copyRange.slba.get(ranges!, at);
  if (!isInside(slot.slba, slot.nlb, source.blockCount)) {
    slot.code = NvmeStatus.lbaOutOfRange;
    return false;
  }
  const reports = rules.features.reportsDeallocated(source.nsid);
  slot.code = source.states?.readStatus(slot.slba, slot.nlb, reports) ?? NvmeStatus.success;
  if (slot.code !== NvmeStatus.success) return false;
  slot.namespace = source;
  slot.port = source.port;
  slot.op = TargetOp.read;
  slot.lba = slot.slba * source.unitBlocks;
  slot.blockCount = slot.nlb * source.unitBlocks;
  useBuffer(slot, SlotKind.copyRead);
  if (source.zones === undefined) return true;
  slot.code = admitRead(source.zones, slot);
  if (slot.code !== NvmeStatus.success) return false;
  if (slot.pieces === undefined || takeNextPiece(slot)) return true;
  return takeCopyWrite(slot, rules, slot.nvme!.sqe[SqeWord.cdw12]!);
}

/** Makes the slot the write of the range that was read; false when its protection information is wrong (`code` says how). */
export function takeCopyWrite(slot: IoSlot, rules: IoRules, cdw12: number): boolean {
  const format = slot.format!;
  const buffer = slot.buffer!;
  const destination = rules.subsystem.namespace(slot.nsid, rules.index);
  if (destination === undefined || !isAlike(destination.format, format)) {
    slot.code = NvmeStatus.invalidNamespace;
    return false;
  }
  slot.namespace!.states?.loadMetadata(slot.slba, buffer);
  if (format.protection !== 0) {
    slot.code = passProtection(slot, cdw12);
    if (slot.code !== NvmeStatus.success) return false;
  }
  if (destination.zones !== undefined) {
    slot.code = admitWrite(destination.zones, slot, slot.destination);
    if (slot.code !== NvmeStatus.success) return false;
  }
  slot.kind = SlotKind.copyWrite;
  slot.op = TargetOp.write;
  slot.namespace = destination;
  slot.port = destination.port;
  slot.slba = slot.destination;
  slot.lba = slot.slba * destination.unitBlocks;
  slot.destination += slot.nlb;
  slot.nextRange += 1;
  return true;
}

/** Checks what was read as the range says, then makes or checks what will be written. */
function passProtection(slot: IoSlot, cdw12: number): number {
  const format = slot.format!;
  const buffer = slot.buffer!;
  const expected = new ProtectionFields();
  const at = slot.nextRange * strideOf(format);
  expected.prinfo = ((cdw12 >>> READ_PRINFO_SHIFT) & 0xf) << PRINFO_SHIFT;
  if (format.guard === GuardType.crc64) {
    const high = copyRange64.eilbrtHi.get(slot.ranges!, at);
    expected.reference = high * 0x1_0000_0000 + copyRange64.eilbrtLo.get(slot.ranges!, at);
    expected.appTag = copyRange64.elbat.get(slot.ranges!, at);
    expected.appMask = copyRange64.elbatm.get(slot.ranges!, at);
  } else {
    expected.reference = copyRange.eilbrt.get(slot.ranges!, at);
    expected.appTag = copyRange.elbat.get(slot.ranges!, at);
    expected.appMask = copyRange.elbatm.get(slot.ranges!, at);
  }
  const status = expected.status(format, slot.slba) || checkProtection(buffer, format, expected);
  if (status !== NvmeStatus.success) return status;
  const fields = slot.protection!;
  if (fields.acts) insertProtection(buffer, format, fields);
  const written = fields.acts ? NvmeStatus.success : checkProtection(buffer, format, fields);
  if (format.protection !== 3) fields.reference += slot.nlb;
  return written;
}

function strideOf({ guard }: FormatInUse): number {
  return guard === GuardType.crc64 ? COPY_RANGE_64_BYTES : COPY_RANGE_BYTES;
}

/** The namespace of the next source range: the own one unless the format names another. */
function sourceOf(slot: IoSlot, { subsystem, index }: IoRules): NvmeNamespace | undefined {
  const kind = (slot.nvme!.sqe[SqeWord.cdw12]! >>> 8) & 0xf;
  if (kind < 2) return subsystem.namespace(slot.nsid, index);
  const at = slot.nextRange * (kind === 2 ? COPY_RANGE_BYTES : COPY_RANGE_64_BYTES);
  return subsystem.namespace(copyRange.snsid.get(slot.ranges!, at), index);
}

/** Can blocks of one format be blocks of the other? */
function isAlike(a: FormatInUse, b: FormatInUse): boolean {
  return (
    a.blockBytes === b.blockBytes &&
    a.metadataBytes === b.metadataBytes &&
    a.protection === b.protection &&
    a.protectionFirst === b.protectionFirst &&
    a.guard === b.guard
  );
}
