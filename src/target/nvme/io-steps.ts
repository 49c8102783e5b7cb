/** What comes after a part of an I/O command: the next part, the answer to the host, and what the namespace remembers. */
import { addressOf } from '../../base/sg-list.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { AbortResult } from '../../interfaces/request.ts';
import { TargetFlag, TargetOp } from '../../interfaces/target.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { IoOpcode } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { BlockBuffer } from './block-buffer.ts';
import { takeCopyRange, takeCopyWrite } from './copy-command.ts';
import { finishFormat, takeNextFormat } from './format-command.ts';
import { takeNextRange } from './io-command.ts';
import { crossesMetadata, type IoRules } from './io-rules.ts';
import { type IoSlot, SlotKind } from './io-slot.ts';
import { checkProtection, insertProtection } from './protection.ts';
import { endOpening, giveUpZone, takeNextPiece } from './zoned/zone-io.ts';

/** Blocks whose metadata Write Zeroes makes at once. */
const ZEROED_AT_ONCE = 64;

/** Is the slot's command one part after the other? */
export function hasParts({ kind, pieces }: IoSlot): boolean {
  switch (kind) {
    case SlotKind.flushAll:
    case SlotKind.ranges:
    case SlotKind.writeUncorrectable:
    case SlotKind.copyRead:
    case SlotKind.copyWrite:
    case SlotKind.format:
    case SlotKind.zoneManagement:
      return true;
    default:
      return pieces !== undefined;
  }
}

/** Makes the slot the first part of a command of several parts; false when there is nothing for the LIO core to do. */
export function startParts(slot: IoSlot, rules: IoRules): boolean {
  if (slot.pieces !== undefined) return takeNextPiece(slot);
  switch (slot.kind) {
    case SlotKind.zoneManagement:
      return false;
    case SlotKind.ranges:
      return takeNextRange(slot);
    case SlotKind.writeUncorrectable:
      slot.namespace!.spoil(slot.slba, slot.nlb);
      return false;
    case SlotKind.copyRead:
      return takeCopyRange(slot, rules);
    case SlotKind.format:
      return takeNextFormat(slot, rules);
    default:
      return startFlushAll(slot, rules);
  }
}

/** Makes the slot the next part of a command of several parts; false when there is none, or it failed and `code` says how. */
export function nextPart(slot: IoSlot, rules: IoRules): boolean {
  if (slot.pieces !== undefined) {
    if (takeNextPiece(slot)) return true;
    if (slot.code !== NvmeStatus.success || !hasParts(slot)) return false;
  }
  switch (slot.kind) {
    case SlotKind.ranges:
      return takeNextRange(slot);
    case SlotKind.copyRead:
      return takeCopyWrite(slot, rules, slot.nvme!.sqe[SqeWord.cdw12]!);
    case SlotKind.copyWrite:
      return takeCopyRange(slot, rules);
    case SlotKind.format:
      finishFormat(slot, rules);
      return takeNextFormat(slot, rules);
    default:
      return nextFlush(slot, rules);
  }
}

/** Makes the slot a flush of all active namespaces; false when there is none. */
export function startFlushAll(slot: IoSlot, rules: IoRules): boolean {
  slot.kind = SlotKind.flushAll;
  slot.op = TargetOp.flush;
  slot.lba = 0;
  slot.blockCount = 0;
  slot.flags = 0;
  slot.nsid = 0;
  slot.code = NvmeStatus.success;
  return nextFlush(slot, rules);
}

function nextFlush(slot: IoSlot, { subsystem, index }: IoRules): boolean {
  const next = subsystem.namespace(subsystem.nextNsid(slot.nsid, index), index);
  if (next === undefined) return false;
  slot.nsid = next.nsid;
  slot.namespace = next;
  slot.port = next.port;
  return true;
}

/** Keeps what the part that went well changed in the namespace. */
export function settle(slot: IoSlot): void {
  if (slot.kind === SlotKind.zoneOpen) endOpening(slot, true);
  const namespace = slot.namespace;
  const states = namespace?.states;
  // After a format these are other blocks.
  if (namespace === undefined || states === undefined || slot.format !== namespace.format) return;
  if (slot.op === TargetOp.write) {
    const hasMetadata = slot.format.metadataBytes > 0;
    states.wrote(slot.slba, slot.nlb, hasMetadata ? slot.buffer : undefined);
  } else if (slot.op === TargetOp.unmap && slot.kind === SlotKind.ranges) {
    states.deallocated(slot.slba, slot.nlb);
  } else if (slot.op === TargetOp.writeZeroes && slot.kind === SlotKind.single) {
    settleZeroes(slot);
  }
}

function settleZeroes(slot: IoSlot): void {
  const { slba, nlb, flags, format, protection } = slot;
  const { states, zeroesDeallocate, tracksBlocks } = slot.namespace!;
  const isDeallocated = zeroesDeallocate || (tracksBlocks && (flags & TargetFlag.mayUnmap) !== 0);
  if (isDeallocated) {
    states!.deallocated(slba, nlb);
    return;
  }
  if (format!.metadataBytes === 0) {
    states!.wrote(slba, nlb, undefined);
    return;
  }
  const buffer = new BlockBuffer();
  const isProtected = format!.protection !== 0 && protection!.acts;
  for (let done = 0; done < nlb; done += ZEROED_AT_ONCE) {
    const blocks = Math.min(ZEROED_AT_ONCE, nlb - done);
    buffer.prepare(blocks, format!);
    buffer.metadata.fill(0);
    if (isProtected) {
      insertProtection(buffer, format!, protection!);
      if (format!.protection !== 3) protection!.reference += blocks;
    }
    states!.wrote(slba + done, blocks, buffer);
  }
}

/** Undoes what a part that failed had begun. */
export function giveUp(slot: IoSlot): void {
  const { kind, namespace } = slot;
  if (slot.zones !== undefined) giveUpZone(slot);
  if (kind === SlotKind.format && namespace !== undefined) namespace.isFormatting = false;
}

/** Answers the host from the buffer, if the command has one; returns the status (without Do Not Retry). */
export function answer(slot: IoSlot, command: NvmeCommand): number {
  const { kind } = slot;
  if (kind !== SlotKind.compare && kind !== SlotKind.verify && kind !== SlotKind.readWithMetadata) {
    return slot.code;
  }
  const buffer = slot.buffer!;
  const format = slot.format!;
  if (slot.namespace!.format !== format) return NvmeStatus.formatInProgress;
  if (format.metadataBytes > 0) slot.namespace!.states!.loadMetadata(slot.slba, buffer);
  if (format.protection !== 0) {
    const status = checkProtection(buffer, format, slot.protection!);
    if (status !== NvmeStatus.success) return status;
  }
  if (kind === SlotKind.verify) return NvmeStatus.success;
  if (kind === SlotKind.compare) return compare(slot, command);
  return buffer.store(command, format, crossesMetadata(slot))
    ? NvmeStatus.success
    : NvmeStatus.dataTransferError;
}

/** Compares what was read with the blocks of the host, which may have taken them away meanwhile. */
function compare(slot: IoSlot, command: NvmeCommand): number {
  const format = slot.format!;
  const host = new BlockBuffer();
  host.prepare(slot.nlb, format);
  if (!host.load(command, format, format.metadataBytes > 0)) return NvmeStatus.dataTransferError;
  if (format.protection !== 0) {
    const status = checkProtection(host, format, slot.protection!);
    if (status !== NvmeStatus.success) return status;
  }
  return slot.buffer!.equals(host, format) ? NvmeStatus.success : NvmeStatus.compareFailure;
}

/** The first block that an I/O command names; 0 for one that names none there. */
export function lbaOf({ sqe }: NvmeCommand): number {
  const opcode = sqe[SqeWord.cdw0]! & 0xff;
  if (opcode === IoOpcode.flush || opcode === IoOpcode.datasetManagement) return 0;
  return addressOf(sqe[SqeWord.cdw10]! >>> 0, sqe[SqeWord.cdw11]! >>> 0);
}

/** Does a slot change blocks of its namespace? */
export function isWriter({ op, kind }: IoSlot): boolean {
  return (op !== TargetOp.read && op !== TargetOp.flush) || kind === SlotKind.copyRead;
}

/** Stops a slot where that is possible. */
export function stop(slot: IoSlot): AbortResult {
  if (!slot.isWaiting) return slot.port!.abort(slot);
  slot.isStopped = true;
  return AbortResult.aborted;
}

/** Is the slot's command a Copy? */
export function isCopy({ kind }: IoSlot): boolean {
  return kind === SlotKind.copyRead || kind === SlotKind.copyWrite;
}
