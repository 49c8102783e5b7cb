/** I/O commands on a zoned namespace: what the zones let in, and reads of blocks that nobody wrote. Zoned Namespaces 1.1, 2.1.1.3 and 3. */
import { SgList } from '../../../base/sg-list.ts';
import type { NvmeCommand } from '../../../interfaces/nvme-command-port.ts';
import { TargetOp, TargetStatus } from '../../../interfaces/target.ts';
import { fillSg } from '../../../memory/sg-copy.ts';
import { SqeWord } from '../../../wire/nvme-entries.ts';
import { IoOpcode } from '../../../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../wire/nvme-status.ts';
import { ZoneState } from '../../../wire/nvme-zoned.ts';
import { type IoSlot, SlotKind } from '../io-slot.ts';
import { sendToZones } from './zone-management.ts';
import { reportZones } from './zone-report.ts';
import type { ZoneTable } from './zone-table.ts';

/** Is this an opcode that only the Zoned Namespace command set has? */
export function isZoneOpcode(opcode: number): boolean {
  return opcode === IoOpcode.zoneAppend || isZoneManagement(opcode);
}

/** Is this Zone Management Send or Receive, which change or tell states and move no blocks? */
export function isZoneManagement(opcode: number): boolean {
  return opcode === IoOpcode.zoneManagementSend || opcode === IoOpcode.zoneManagementReceive;
}

/** Executes Zone Management Send or Receive; success leaves in `slot` what is to be done on the medium, if anything. */
export function manageZones(
  command: NvmeCommand,
  zones: ZoneTable,
  maxTransferBytes: number,
  slot: IoSlot,
): number {
  slot.kind = SlotKind.none;
  slot.status = TargetStatus.good;
  return (command.sqe[SqeWord.cdw0]! & 0xff) === IoOpcode.zoneManagementReceive
    ? reportZones(command, zones, maxTransferBytes)
    : sendToZones(command, zones, slot);
}

/**
 * Lets a read or write that lies inside the namespace into its zones; returns why not, or success.
 *
 * A write has moved the write pointer then; an append knows its place; a read of blocks that nobody wrote has become one of pieces.
 *
 * @param maxAppendBytes most bytes of Zone Append (ZASL)
 */
export function admitToZones(
  command: NvmeCommand,
  zones: ZoneTable,
  maxAppendBytes: number,
  slot: IoSlot,
): number {
  const { zoneBlocks } = zones.shape;
  const byteLength = slot.blockCount * slot.port!.geometry.blockBytes;
  if (slot.op !== TargetOp.writeZeroes && slot.data.byteLength < byteLength) {
    return NvmeStatus.invalidField;
  }
  if (slot.op === TargetOp.read) return admitRead(zones, slot);
  const zone = zones.zoneOf(slot.lba);
  let at = slot.lba - zone * zoneBlocks;
  if ((command.sqe[SqeWord.cdw0]! & 0xff) === IoOpcode.zoneAppend) {
    if (at !== 0 || byteLength > maxAppendBytes) return NvmeStatus.invalidField;
    if (zones.hasZrwa(zone)) return NvmeStatus.invalidZoneOperation;
    at = zones.writePointer(zone);
  }
  const status = zones.write(zone, at, slot.blockCount);
  if (
    status === NvmeStatus.success &&
    (command.sqe[SqeWord.cdw0]! & 0xff) === IoOpcode.zoneAppend
  ) {
    slot.lba = zone * zoneBlocks + at;
    command.dw0 = slot.lba | 0;
    command.dw1 = Math.floor(slot.lba / 0x1_0000_0000);
  }
  return status;
}

function admitRead(zones: ZoneTable, slot: IoSlot): number {
  const { lba, blockCount } = slot;
  const first = zones.zoneOf(lba);
  const last = zones.zoneOf(lba + blockCount - 1);
  if (first !== last && !zones.shape.readAcross) return NvmeStatus.zoneBoundaryError;
  for (let zone = first; zone <= last; zone++) {
    if (zones.state(zone) === ZoneState.offline) return NvmeStatus.zoneOffline;
  }
  const at = lba - first * zones.shape.zoneBlocks;
  if (first === last && at + blockCount <= zones.readable(first)) return NvmeStatus.success;
  slot.zones = zones;
  slot.pieces = slot.data;
  slot.firstLba = lba;
  slot.nextLba = lba;
  slot.endLba = lba + blockCount;
  return NvmeStatus.success;
}

/**
 * Makes the slot the next piece of its read that lies on the medium, and puts zeroes where blocks before it were never written. False
 * when there is none left, with the status of the slot set, and its range the whole one again.
 */
export function takeNextPiece(slot: IoSlot): boolean {
  const zones = slot.zones!;
  const whole = slot.pieces!;
  const { blockBytes } = slot.port!.geometry;
  const { zoneBlocks } = zones.shape;
  slot.status = TargetStatus.good;
  while (slot.nextLba < slot.endLba) {
    const start = slot.nextLba;
    const zoneStart = zones.zoneOf(start) * zoneBlocks;
    const readable = zoneStart + zones.readable(zones.zoneOf(start));
    const isOnMedium = start < readable;
    slot.nextLba = Math.min(slot.endLba, isOnMedium ? readable : zoneStart + zoneBlocks);
    const offset = (start - slot.firstLba) * blockBytes;
    const length = (slot.nextLba - start) * blockBytes;
    if (isOnMedium) {
      slot.piece ??= new SgList();
      slot.piece.clear();
      // The piece has no more segments than the whole.
      slot.piece.appendRange(whole, offset, length);
      slot.data = slot.piece;
      slot.lba = start;
      slot.blockCount = slot.nextLba - start;
      return true;
    }
    if (!fillSg(slot.memory, whole, offset, 0, length)) {
      slot.status = TargetStatus.dataTransferError;
      break;
    }
  }
  slot.data = whole;
  slot.lba = slot.firstLba;
  slot.blockCount = slot.endLba - slot.firstLba;
  return false;
}
