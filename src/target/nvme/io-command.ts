/**
 * I/O commands of the NVM command set as commands on (LBA, length): the one place where NVMe is decoded for the LIO core.
 * NVM Command Set 1.0, 3.2.
 *
 * Parsing changes nothing but the slot. Does not model: directives, hints of Dataset Management; the first are not advertised, and hints
 * need no answer. PRINFO is ignored for a namespace without protection information.
 */
import { addressOf } from '../../base/sg-list.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { TargetFlag, TargetOp } from '../../interfaces/target.ts';
import { IoControl, SqeWord } from '../../wire/nvme-entries.ts';
import { DSM_RANGE_BYTES, dsmRange } from '../../wire/nvme-logs.ts';
import { IoOpcode, NSID_ALL } from '../../wire/nvme-opcodes.ts';
import { Fuse } from '../../wire/nvme-sgl.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { parseCopy } from './copy-command.ts';
import {
  crossesMetadata,
  type IoRules,
  isInside,
  loadRanges,
  missingNamespace,
  useBuffer,
} from './io-rules.ts';
import { type IoSlot, SlotKind } from './io-slot.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';
import { checkProtection, insertProtection, ProtectionFields } from './protection.ts';
import { admitToZones, isZoneOpcode, manageZones } from './zoned/zone-io.ts';

/** Which target operation an I/O opcode begins with, by opcode; `NO_OP` for what is not supported. */
const opOfOpcode = new Uint8Array(256);
const NO_OP = 255;
opOfOpcode.fill(NO_OP);
opOfOpcode[IoOpcode.flush] = TargetOp.flush;
opOfOpcode[IoOpcode.write] = TargetOp.write;
opOfOpcode[IoOpcode.read] = TargetOp.read;
opOfOpcode[IoOpcode.writeUncorrectable] = TargetOp.write;
opOfOpcode[IoOpcode.compare] = TargetOp.read;
opOfOpcode[IoOpcode.verify] = TargetOp.read;
opOfOpcode[IoOpcode.writeZeroes] = TargetOp.writeZeroes;
opOfOpcode[IoOpcode.datasetManagement] = TargetOp.unmap;
opOfOpcode[IoOpcode.copy] = TargetOp.read;
opOfOpcode[IoOpcode.zoneManagementSend] = TargetOp.flush;
opOfOpcode[IoOpcode.zoneManagementReceive] = TargetOp.flush;
opOfOpcode[IoOpcode.zoneAppend] = TargetOp.write;

/** Write Zeroes: the range may be deallocated (DEAC), in command dword 12. */
const DEAC = 0x0200_0000;
/** Dataset Management: deallocate (AD), in command dword 11. */
const AD = 4;
/** The target operation that an I/O opcode begins with, or `undefined` for one that no subsystem supports. */
export function targetOpOf(opcode: number): TargetOp | undefined {
  const op = opOfOpcode[opcode & 0xff]!;
  return op === NO_OP ? undefined : (op as TargetOp);
}

/**
 * Fills `slot` with what `command` asks for; returns success, or the status (without Do Not Retry) that it ends with.
 *
 * The errors that win, in order: opcode, fused, namespace, format in progress, transfer size, LBA range, state of the blocks,
 * protection fields. Unmapped data is found out when it moves.
 */
export function parseIo(command: NvmeCommand, rules: IoRules, slot: IoSlot): number {
  const { subsystem } = rules;
  const sqe = command.sqe;
  const cdw0 = sqe[SqeWord.cdw0]!;
  const opcode = cdw0 & 0xff;
  const op = opOfOpcode[opcode]!;
  if (op === NO_OP) return NvmeStatus.invalidOpcode;
  if (opcode > IoOpcode.read && !isThere(opcode, rules)) return NvmeStatus.invalidOpcode;
  if ((cdw0 & Fuse.mask) !== 0) return NvmeStatus.invalidField;
  slot.ioId = command.ioId;
  slot.op = op as TargetOp;
  slot.memory = command.memory;
  slot.data = command.data;
  slot.kind = SlotKind.single;
  slot.nsid = sqe[SqeWord.nsid]! >>> 0;
  slot.lba = 0;
  slot.blockCount = 0;
  slot.flags = 0;
  slot.code = NvmeStatus.success;
  if (opcode === IoOpcode.flush && slot.nsid === NSID_ALL) {
    slot.kind = SlotKind.flushAll;
    return NvmeStatus.success;
  }
  const namespace = subsystem.namespace(slot.nsid, rules.index);
  if (namespace === undefined) return missingNamespace(subsystem, slot.nsid);
  slot.port = namespace.port;
  slot.namespace = namespace;
  slot.format = namespace.format;
  if (namespace.isFormatting) return NvmeStatus.formatInProgress;
  if (subsystem.sanitizer.gateStatus !== NvmeStatus.success) return subsystem.sanitizer.gateStatus;
  const { zones } = namespace;
  if (zones === undefined && isZoneOpcode(opcode)) return NvmeStatus.invalidOpcode;
  if (opcode === IoOpcode.flush) return NvmeStatus.success;
  if (op === TargetOp.flush) return manageZones(command, zones!, rules.maxTransferBytes, slot);
  if (op === TargetOp.unmap) return parseRanges(command, namespace, slot);

  const cdw12 = sqe[SqeWord.cdw12]!;
  slot.slba = addressOf(sqe[SqeWord.cdw10]! >>> 0, sqe[SqeWord.cdw11]! >>> 0);
  if (!rules.features.writeCache || (cdw12 & IoControl.fua) !== 0) slot.flags = TargetFlag.fua;
  if (opcode === IoOpcode.copy) return parseCopy(command, rules, slot);
  slot.nlb = (cdw12 & 0xffff) + 1;
  const status = parseBlocks(command, namespace, rules, slot);
  if (zones === undefined || status !== NvmeStatus.success) return status;
  return admitToZones(command, zones, rules.maxAppendBytes, slot);
}

/** Goes on with a command on one range of blocks. */
function parseBlocks(
  command: NvmeCommand,
  namespace: NvmeNamespace,
  rules: IoRules,
  slot: IoSlot,
): number {
  const { slba, nlb, op } = slot;
  const opcode = command.sqe[SqeWord.cdw0]! & 0xff;
  const { format, states } = namespace;
  const isTransfer = op <= TargetOp.write && opcode !== IoOpcode.writeUncorrectable;
  if (isTransfer && nlb * format.blockBytes > rules.maxTransferBytes)
    return NvmeStatus.invalidField;
  if (!isInside(slba, nlb, namespace.blockCount)) return NvmeStatus.lbaOutOfRange;
  slot.lba = slba * namespace.unitBlocks;
  slot.blockCount = nlb * namespace.unitBlocks;
  if (op === TargetOp.read) {
    slot.flags = 0;
    if (states !== undefined) {
      const reports = rules.features.reportsDeallocated(slot.nsid);
      const status = states.readStatus(slba, nlb, reports);
      if (status !== NvmeStatus.success) return status;
    }
  }
  if (format.protection !== 0) {
    const status = parseProtection(command, slot, opcode);
    if (status !== NvmeStatus.success) return status;
  }
  switch (opcode) {
    case IoOpcode.writeUncorrectable:
      slot.kind = SlotKind.writeUncorrectable;
      return NvmeStatus.success;
    case IoOpcode.writeZeroes:
      if ((command.sqe[SqeWord.cdw12]! & DEAC) !== 0) slot.flags |= TargetFlag.mayUnmap;
      return NvmeStatus.success;
    case IoOpcode.compare:
      if (command.data.byteLength < nlb * format.blockBytes) return NvmeStatus.invalidField;
      useBuffer(slot, SlotKind.compare);
      return NvmeStatus.success;
    case IoOpcode.verify:
      useBuffer(slot, SlotKind.verify);
      return NvmeStatus.success;
    case IoOpcode.write:
      return format.metadataBytes === 0 ? NvmeStatus.success : takeWrite(command, slot);
    default:
      if (format.metadataBytes > 0) useBuffer(slot, SlotKind.readWithMetadata);
      return NvmeStatus.success;
  }
}

/** Reads the protection fields of a command on a namespace that has protection. */
function parseProtection({ sqe }: NvmeCommand, slot: IoSlot, opcode: number): number {
  if (opcode === IoOpcode.writeUncorrectable) return NvmeStatus.success;
  slot.protection ??= new ProtectionFields();
  slot.protection.read(sqe, slot.format!.guard);
  const mayAct = opcode !== IoOpcode.compare && opcode !== IoOpcode.verify;
  if (slot.protection.acts && !mayAct) return NvmeStatus.invalidProtectionInfo;
  return slot.protection.status(slot.format!, slot.slba);
}

/** Fetches the blocks of a write with metadata, and makes or checks their protection information. */
function takeWrite(command: NvmeCommand, slot: IoSlot): number {
  const format = slot.format!;
  const buffer = useBuffer(slot, SlotKind.writeWithMetadata);
  if (!buffer.load(command, format, crossesMetadata(slot))) return NvmeStatus.dataTransferError;
  if (format.protection === 0) return NvmeStatus.success;
  if (!slot.protection!.acts) return checkProtection(buffer, format, slot.protection!);
  insertProtection(buffer, format, slot.protection!);
  return NvmeStatus.success;
}

/** Makes the slot the unmap of its next range that has a length; false when there is none left. */
export function takeNextRange(slot: IoSlot): boolean {
  const { unitBlocks } = slot.namespace!;
  while (slot.nextRange < slot.rangeCount) {
    const at = slot.nextRange * DSM_RANGE_BYTES;
    slot.nextRange += 1;
    slot.nlb = dsmRange.nlb.get(slot.ranges!, at);
    slot.slba = dsmRange.slba.get(slot.ranges!, at);
    slot.blockCount = slot.nlb * unitBlocks;
    slot.lba = slot.slba * unitBlocks;
    if (slot.nlb > 0) return true;
  }
  return false;
}

/** Dataset Management: copies the ranges once and checks all before any is executed. */
function parseRanges(command: NvmeCommand, namespace: NvmeNamespace, slot: IoSlot): number {
  slot.kind = SlotKind.ranges;
  slot.nextRange = 0;
  slot.rangeCount = 0;
  // Without the deallocate attribute the ranges are hints, which a controller need not look at.
  if ((command.sqe[SqeWord.cdw11]! & AD) === 0) return NvmeStatus.success;
  const count = (command.sqe[SqeWord.cdw10]! & 0xff) + 1;
  if (!loadRanges(command, slot, count * DSM_RANGE_BYTES)) return NvmeStatus.dataTransferError;
  for (let i = 0; i < count; i++) {
    const at = i * DSM_RANGE_BYTES;
    const blocks = dsmRange.nlb.get(slot.ranges!, at);
    if (!isInside(dsmRange.slba.get(slot.ranges!, at), blocks, namespace.blockCount)) {
      return NvmeStatus.lbaOutOfRange;
    }
  }
  slot.rangeCount = count;
  return NvmeStatus.success;
}

/** Does the controller have this optional command? */
function isThere(opcode: number, { can, subsystem, allSetsSelected }: IoRules): boolean {
  switch (opcode) {
    case IoOpcode.zoneManagementSend:
    case IoOpcode.zoneManagementReceive:
    case IoOpcode.zoneAppend:
      return subsystem.hasZones && allSetsSelected;
    case IoOpcode.writeUncorrectable:
      return can.writeUncorrectable;
    case IoOpcode.compare:
      return can.compare;
    case IoOpcode.verify:
      return can.verify;
    case IoOpcode.copy:
      return can.copyFormats !== 0;
    case IoOpcode.datasetManagement:
      return subsystem.unmap;
    default:
      return subsystem.writeZeroes;
  }
}
