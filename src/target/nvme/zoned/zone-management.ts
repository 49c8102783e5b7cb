/** Zone Management Send: what a host does to one zone, or to all whose state an action selects. Zoned Namespaces 1.1, 3.4.3. */
import { addressOf } from '../../../base/sg-list.ts';
import type { NvmeCommand } from '../../../interfaces/nvme-command-port.ts';
import { TargetFlag, TargetOp } from '../../../interfaces/target.ts';
import { loadSg } from '../../../memory/sg-copy.ts';
import { SqeWord } from '../../../wire/nvme-entries.ts';
import { NvmeStatus } from '../../../wire/nvme-status.ts';
import { ZoneSendAction, ZoneSendFlag } from '../../../wire/nvme-zoned.ts';
import { type IoSlot, SlotKind } from '../io-slot.ts';
import type { ZoneTable } from './zone-table.ts';

/**
 * Executes the command; returns its status.
 *
 * Where a zone gets a random write area and the medium holds older data, `slot` is left with the Write Zeroes that removes it: blocks
 * between those that the host will write have to read as zeroes.
 */
export function sendToZones(command: NvmeCommand, zones: ZoneTable, slot: IoSlot): number {
  const { sqe } = command;
  const cdw13 = sqe[SqeWord.cdw13]!;
  const action = cdw13 & 0xff;
  const isAll = (cdw13 & ZoneSendFlag.selectAll) !== 0;
  const withZrwa = action === ZoneSendAction.open && (cdw13 & ZoneSendFlag.allocateZrwa) !== 0;
  if (!isAction(action) || (withZrwa && (isAll || zones.shape.zrwa.count === 0))) {
    return NvmeStatus.invalidField;
  }
  if (isAll) {
    if (action >= ZoneSendAction.setExtension) return NvmeStatus.invalidField;
    return zones.isPreparing(-1) ? NvmeStatus.commandInterrupted : zones.actOnAll(action);
  }
  const lba = addressOf(sqe[SqeWord.cdw10]! >>> 0, sqe[SqeWord.cdw11]! >>> 0);
  const zone = zones.zoneOf(lba);
  if (zone >= zones.shape.zoneCount) return NvmeStatus.lbaOutOfRange;
  if (zones.isPreparing(zone)) return NvmeStatus.commandInterrupted;
  const at = lba - zone * zones.shape.zoneBlocks;
  if (action === ZoneSendAction.commit) return zones.commit(zone, at);
  if (at !== 0) return NvmeStatus.invalidField;
  if (action === ZoneSendAction.setExtension) return setExtension(command, zones, zone);
  const status = zones.act(zone, action, withZrwa);
  if (withZrwa && status === NvmeStatus.success && zones.dirty(zone) > 0) {
    zones.prepare(zone);
    slot.kind = SlotKind.zoneOpen;
    slot.op = TargetOp.writeZeroes;
    slot.flags = TargetFlag.mayUnmap;
    slot.slba = lba;
    slot.nlb = zones.dirty(zone);
    slot.lba = slot.slba * slot.namespace!.unitBlocks;
    slot.blockCount = slot.nlb * slot.namespace!.unitBlocks;
    slot.zones = zones;
  }
  return status;
}

function isAction(action: number): boolean {
  return (
    (action >= ZoneSendAction.close && action <= ZoneSendAction.offline) ||
    action === ZoneSendAction.setExtension ||
    action === ZoneSendAction.commit
  );
}

function setExtension(command: NvmeCommand, zones: ZoneTable, zone: number): number {
  const { extensionBytes } = zones.shape;
  if (extensionBytes === 0) return NvmeStatus.invalidField;
  const bytes = new Uint8Array(extensionBytes);
  return loadSg(command.memory, command.data, 0, bytes, 0, extensionBytes)
    ? zones.setExtension(zone, bytes)
    : NvmeStatus.dataTransferError;
}
