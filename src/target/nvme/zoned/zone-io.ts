/** I/O commands on a zoned namespace: what the zones let in, and reads of blocks that nobody wrote. Zoned Namespaces 1.1, 2.1.1.3 and 3. */
import { SgList } from '../../../base/sg-list.ts';
import type { NvmeCommand } from '../../../interfaces/nvme-command-port.ts';
import { TargetOp } from '../../../interfaces/target.ts';
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
function isZoneManagement(opcode: number): boolean {
  return opcode === IoOpcode.zoneManagementSend || opcode === IoOpcode.zoneManagementReceive;
}

/** Executes Zone Management Send or Receive; success leaves in `slot` what is to be done on the medium, if anything. */
export function manageZones(
  command: NvmeCommand,
  zones: ZoneTable,
  maxTransferBytes: number,
  slot: IoSlot,
): number {
  slot.kind = SlotKind.zoneManagement;
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
  const opcode = command.sqe[SqeWord.cdw0]! & 0xff;
  const byteLength = slot.nlb * slot.format!.blockBytes;
  const isShort = slot.data.byteLength < byteLength;
  if (slot.op === TargetOp.read) return isShort ? NvmeStatus.invalidField : admitRead(zones, slot);
  const movesData = slot.op === TargetOp.write && opcode !== IoOpcode.writeUncorrectable;
  if (movesData && isShort) return NvmeStatus.invalidField;
  if (opcode !== IoOpcode.zoneAppend) return admitWrite(zones, slot, slot.slba);
  const { zoneBlocks } = zones.shape;
  const zone = zones.zoneOf(slot.slba);
  if (slot.slba !== zone * zoneBlocks || byteLength > maxAppendBytes) {
    return NvmeStatus.invalidField;
  }
  if (zones.hasZrwa(zone)) return NvmeStatus.invalidZoneOperation;
  const at = zones.writePointer(zone);
  const status = admitAt(zones, slot, zone, at);
  if (status !== NvmeStatus.success) return status;
  const slba = slot.slba + at;
  slot.slba = slba;
  slot.lba = slba * slot.namespace!.unitBlocks;
  command.dw0 = slba | 0;
  command.dw1 = Math.floor(slba / 0x1_0000_0000);
  return status;
}

/** Lets a write of the slot's blocks in at block `slba`. */
export function admitWrite(zones: ZoneTable, slot: IoSlot, slba: number): number {
  const zone = zones.zoneOf(slba);
  return admitAt(zones, slot, zone, slba - zone * zones.shape.zoneBlocks);
}

function admitAt(zones: ZoneTable, slot: IoSlot, zone: number, at: number): number {
  slot.zones = zones;
  slot.zoneLife = zones.life(zone);
  const status = zones.write(zone, at, slot.nlb);
  if (status !== NvmeStatus.success) slot.zones = undefined;
  return status;
}

/** Lets a read of the slot's blocks in, which becomes one of pieces where some of them were never written. */
export function admitRead(zones: ZoneTable, slot: IoSlot): number {
  const { slba, nlb } = slot;
  const first = zones.zoneOf(slba);
  const last = zones.zoneOf(slba + nlb - 1);
  if (first !== last && !zones.shape.readAcross) return NvmeStatus.zoneBoundaryError;
  for (let zone = first; zone <= last; zone++) {
    if (zones.state(zone) === ZoneState.offline) return NvmeStatus.zoneOffline;
  }
  const at = slba - first * zones.shape.zoneBlocks;
  if (first === last && at + nlb <= zones.readable(first)) return NvmeStatus.success;
  slot.zones = zones;
  slot.pieces = slot.data;
  slot.nextSlba = slba;
  return NvmeStatus.success;
}

/**
 * Makes the slot the next piece of its read that lies on the medium, and puts zeroes where blocks before it were never written. False
 * when there is none left, or they have no place (`code` says so); the slot then has its whole range again.
 */
export function takeNextPiece(slot: IoSlot): boolean {
  const zones = slot.zones!;
  const whole = slot.pieces!;
  const { unitBlocks } = slot.namespace!;
  const { blockBytes } = slot.format!;
  const { zoneBlocks } = zones.shape;
  const end = slot.slba + slot.nlb;
  while (slot.nextSlba < end) {
    const start = slot.nextSlba;
    const zone = zones.zoneOf(start);
    const readable = zone * zoneBlocks + zones.readable(zone);
    const isOnMedium = start < readable;
    slot.nextSlba = Math.min(end, isOnMedium ? readable : (zone + 1) * zoneBlocks);
    const offset = (start - slot.slba) * blockBytes;
    const length = (slot.nextSlba - start) * blockBytes;
    if (isOnMedium) {
      slot.piece ??= new SgList();
      slot.piece.clear();
      // The piece has no more segments than the whole.
      slot.piece.appendRange(whole, offset, length);
      slot.data = slot.piece;
      slot.lba = start * unitBlocks;
      slot.blockCount = (slot.nextSlba - start) * unitBlocks;
      return true;
    }
    if (!fillSg(slot.memory, whole, offset, 0, length)) {
      slot.code = NvmeStatus.dataTransferError;
      break;
    }
  }
  slot.data = whole;
  slot.pieces = undefined;
  slot.lba = slot.slba * unitBlocks;
  slot.blockCount = slot.nlb * unitBlocks;
  return false;
}

/** The medium below a new random write area holds zeroes now, or could not be made to. */
export function endOpening({ zones, slba }: IoSlot, isGood: boolean): void {
  zones!.prepared(zones!.zoneOf(slba), isGood);
}

/** A part that the zones had let in failed. */
export function giveUpZone(slot: IoSlot): void {
  const zones = slot.zones!;
  if (slot.kind === SlotKind.zoneOpen) {
    endOpening(slot, false);
  } else if (slot.op !== TargetOp.read) {
    const zone = zones.zoneOf(slot.slba);
    const at = slot.slba - zone * zones.shape.zoneBlocks;
    zones.takeBack(zone, at, at + slot.nlb, slot.zoneLife);
  }
}
