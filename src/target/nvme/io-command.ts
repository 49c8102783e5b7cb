/**
 * I/O commands of the NVM command set as commands on (LBA, length): the one place where NVMe is decoded for the LIO core.
 * NVM Command Set 1.0, 3.2.
 *
 * Parsing changes nothing but the slot. Does not model: protection information (PRINFO is ignored, as it is for a namespace without
 * it), fused operations, directives, hints of Dataset Management; all are refused or not advertised.
 */
import { addressOf } from '../../base/sg-list.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { TargetFlag, TargetOp } from '../../interfaces/target.ts';
import { loadSg } from '../../memory/sg-copy.ts';
import { IoControl, SqeWord } from '../../wire/nvme-entries.ts';
import { DSM_RANGE_BYTES, dsmRange } from '../../wire/nvme-logs.ts';
import { IoOpcode, NSID_ALL } from '../../wire/nvme-opcodes.ts';
import { Fuse } from '../../wire/nvme-sgl.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { CompareBuffer } from './compare.ts';
import { type IoSlot, SlotKind } from './io-slot.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';
import { admitToZones, isZoneManagement, isZoneOpcode, manageZones } from './zoned/zone-io.ts';

/** Which target operation an I/O opcode is, by opcode; `NO_OP` for what is not supported. */
const opOfOpcode = new Uint8Array(256);
const NO_OP = 255;
opOfOpcode.fill(NO_OP);
opOfOpcode[IoOpcode.flush] = TargetOp.flush;
opOfOpcode[IoOpcode.write] = TargetOp.write;
opOfOpcode[IoOpcode.read] = TargetOp.read;
opOfOpcode[IoOpcode.compare] = TargetOp.read;
opOfOpcode[IoOpcode.verify] = TargetOp.read;
opOfOpcode[IoOpcode.writeZeroes] = TargetOp.writeZeroes;
opOfOpcode[IoOpcode.datasetManagement] = TargetOp.unmap;
opOfOpcode[IoOpcode.zoneAppend] = TargetOp.write;

/** Write Zeroes: the range may be deallocated (DEAC), in command dword 12. */
const DEAC = 0x0200_0000;
/** Dataset Management: deallocate (AD), in command dword 11. */
const AD = 4;

/** The target operation of an I/O opcode, or `undefined` for one that no subsystem supports. */
export function targetOpOf(opcode: number): TargetOp | undefined {
  const op = opOfOpcode[opcode & 0xff]!;
  return op === NO_OP ? undefined : (op as TargetOp);
}

/**
 * Fills `slot` with what `command` asks for; returns success, or the status (without Do Not Retry) that it ends with.
 *
 * The errors that win, in order: opcode, fused, namespace, transfer size, LBA range. Unmapped data is found out when it moves.
 *
 * @param maxTransferBytes most bytes of a read or write, and of what Verify reads
 * @param maxAppendBytes most bytes of Zone Append
 * @param alwaysDurable whether every write is made durable, since the host switched the volatile write cache off
 */
export function parseIo(
  command: NvmeCommand,
  subsystem: NvmeSubsystem,
  maxTransferBytes: number,
  maxAppendBytes: number,
  alwaysDurable: boolean,
  slot: IoSlot,
): number {
  const sqe = command.sqe;
  const cdw0 = sqe[SqeWord.cdw0]!;
  const op = opOfOpcode[cdw0 & 0xff]!;
  if (op === NO_OP && !isZoneManagement(cdw0 & 0xff)) return NvmeStatus.invalidOpcode;
  if (isZoneOpcode(cdw0 & 0xff) && !subsystem.hasZones) return NvmeStatus.invalidOpcode;
  if (op !== NO_OP && op > TargetOp.flush && !isAdvertised(op, subsystem))
    return NvmeStatus.invalidOpcode;
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
  if (op === TargetOp.flush && slot.nsid === NSID_ALL) {
    slot.kind = SlotKind.flushAll;
    return NvmeStatus.success;
  }
  const namespace = subsystem.namespace(slot.nsid);
  if (namespace === undefined) return missingNamespace(subsystem, slot.nsid);
  slot.port = namespace.port;
  const { zones } = namespace;
  if (isZoneOpcode(cdw0 & 0xff)) {
    if (zones === undefined) return NvmeStatus.invalidOpcode;
    if (op === NO_OP) return manageZones(command, zones, maxTransferBytes, slot);
  }
  if (op === TargetOp.flush) return NvmeStatus.success;
  if (op === TargetOp.unmap) return parseRanges(command, slot);

  const cdw12 = sqe[SqeWord.cdw12]!;
  slot.lba = addressOf(sqe[SqeWord.cdw10]! >>> 0, sqe[SqeWord.cdw11]! >>> 0);
  slot.blockCount = (cdw12 & 0xffff) + 1;
  if (op !== TargetOp.read && (alwaysDurable || (cdw12 & IoControl.fua) !== 0)) {
    slot.flags = TargetFlag.fua;
  }
  if (op === TargetOp.writeZeroes) {
    if ((cdw12 & DEAC) !== 0) slot.flags |= TargetFlag.mayUnmap;
  } else if (slot.blockCount * namespace.format.blockBytes > maxTransferBytes) {
    return NvmeStatus.invalidField;
  }
  if (!isInside(slot.lba, slot.blockCount, namespace.port.geometry.blockCount)) {
    return NvmeStatus.lbaOutOfRange;
  }
  const opcode = cdw0 & 0xff;
  const byteLength = slot.blockCount * namespace.format.blockBytes;
  if (opcode === IoOpcode.compare) {
    if (command.data.byteLength < byteLength) return NvmeStatus.invalidField;
    readPrivately(slot, SlotKind.compare, byteLength);
  } else if (opcode === IoOpcode.verify) {
    readPrivately(slot, SlotKind.verify, byteLength);
  }
  return zones === undefined
    ? NvmeStatus.success
    : admitToZones(command, zones, maxAppendBytes, slot);
}

/** Makes the slot a read into memory of its own. */
function readPrivately(slot: IoSlot, kind: SlotKind, byteLength: number): void {
  slot.kind = kind;
  slot.compared = new CompareBuffer(byteLength);
  slot.memory = slot.compared.memory;
  slot.data = slot.compared.data;
}

/** The status of a command that names no active namespace. NVMe Base 2.0, 3.2.1.4. */
export function missingNamespace(subsystem: NvmeSubsystem, nsid: number): number {
  return subsystem.isValidNsid(nsid) ? NvmeStatus.invalidField : NvmeStatus.invalidNamespace;
}

/** Makes the slot the unmap of its next range that has a length; false when there is none left. */
export function takeNextRange(slot: IoSlot): boolean {
  while (slot.nextRange < slot.rangeCount) {
    const at = slot.nextRange * DSM_RANGE_BYTES;
    slot.nextRange += 1;
    slot.blockCount = dsmRange.nlb.get(slot.ranges!, at);
    slot.lba = dsmRange.slba.get(slot.ranges!, at);
    if (slot.blockCount > 0) return true;
  }
  return false;
}

/** Dataset Management: copies the ranges once and checks all before any is executed. */
function parseRanges(command: NvmeCommand, slot: IoSlot): number {
  slot.kind = SlotKind.ranges;
  slot.nextRange = 0;
  slot.rangeCount = 0;
  // Without the deallocate attribute the ranges are hints, which a controller need not look at.
  if ((command.sqe[SqeWord.cdw11]! & AD) === 0) return NvmeStatus.success;
  const count = (command.sqe[SqeWord.cdw10]! & 0xff) + 1;
  const length = count * DSM_RANGE_BYTES;
  slot.ranges ??= new DataView(new ArrayBuffer(256 * DSM_RANGE_BYTES));
  const into = new Uint8Array(slot.ranges.buffer);
  if (!loadSg(command.memory, command.data, 0, into, 0, length)) {
    return NvmeStatus.dataTransferError;
  }
  const size = slot.port!.geometry.blockCount;
  for (let i = 0; i < count; i++) {
    const at = i * DSM_RANGE_BYTES;
    const blocks = dsmRange.nlb.get(slot.ranges, at);
    if (!isInside(dsmRange.slba.get(slot.ranges, at), blocks, size)) {
      return NvmeStatus.lbaOutOfRange;
    }
  }
  slot.rangeCount = count;
  return NvmeStatus.success;
}

/** Never by the sum, which could round. */
function isInside(lba: number, blockCount: number, size: number): boolean {
  return blockCount <= size && lba <= size - blockCount;
}

function isAdvertised(op: number, subsystem: NvmeSubsystem): boolean {
  return op === TargetOp.unmap ? subsystem.unmap : subsystem.writeZeroes;
}
