/** What the I/O commands of one controller have in common: what decides how they are read, and what all of them do with their slots. */
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { loadSg } from '../../memory/sg-copy.ts';
import { Cc } from '../../wire/nvme-registers.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { BlockBuffer } from './block-buffer.ts';
import type { NvmeCapabilities } from './capabilities.ts';
import type { IoSlot, SlotKind } from './io-slot.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';

/** CC.CSS for all command sets. */
const ALL_COMMAND_SETS = 6;

/** Room for the ranges of any command: 256 of 40 bytes. */
const RANGES_BYTES = 10_240;

/** What decides how one controller reads its I/O commands. */
export interface IoRules {
  readonly subsystem: NvmeSubsystem;
  /** Number of the controller in its subsystem. */
  readonly index: number;
  readonly can: NvmeCapabilities;
  /** Most bytes of a read or write, and of what Verify reads. */
  readonly maxTransferBytes: number;
  readonly features: IoFeatures;
  /** Most bytes of Zone Append. */
  readonly maxAppendBytes: number;
  /** CC.CSS selects all command sets, and with them that of zones. */
  allSetsSelected: boolean;
}

/** Features that I/O commands depend on. */
interface IoFeatures {
  /** The host left the volatile write cache on; off, every write is made durable. */
  readonly writeCache: boolean;
  /** The host wants to be told of reads of deallocated blocks of the namespace (DULBE). */
  reportsDeallocated(nsid: number): boolean;
  /** The host enabled formats of Copy that name source namespaces: bit 2 and bit 3. */
  readonly copyFormats: number;
}

/** The status of a command that names no active namespace. NVMe Base 2.0, 3.2.1.4. */
export function missingNamespace(subsystem: NvmeSubsystem, nsid: number): number {
  return subsystem.isValidNsid(nsid) ? NvmeStatus.invalidField : NvmeStatus.invalidNamespace;
}

/** Lies a range inside `size` blocks? Never by the sum, which could round. */
export function isInside(lba: number, blockCount: number, size: number): boolean {
  return blockCount <= size && lba <= size - blockCount;
}

/** Copies the ranges of a command once, to the slot; false when the memory is not mapped. */
export function loadRanges(command: NvmeCommand, slot: IoSlot, length: number): boolean {
  slot.ranges ??= new DataView(new ArrayBuffer(RANGES_BYTES));
  const into = new Uint8Array(slot.ranges.buffer);
  return loadSg(command.memory, command.data, 0, into, 0, length);
}

/** Makes the slot move the blocks of its part to or from a buffer of its own. */
export function useBuffer(slot: IoSlot, kind: SlotKind): BlockBuffer {
  const buffer = slot.buffer ?? new BlockBuffer();
  buffer.prepare(slot.nlb, slot.format!);
  slot.kind = kind;
  slot.buffer = buffer;
  slot.memory = buffer.memory;
  slot.data = buffer.data;
  return buffer;
}

/** Does metadata cross between host and controller, and is not made and taken away here? */
export function crossesMetadata({ format, protection }: IoSlot): boolean {
  const { metadataBytes, protectionBytes } = format!;
  if (metadataBytes === 0) return false;
  return protectionBytes !== metadataBytes || !protection!.acts;
}

/** Does this value of CC select all command sets that the controller has? */
export function selectsAllSets(cc: number): boolean {
  return ((cc >>> Cc.cssShift) & Cc.cssMask) === ALL_COMMAND_SETS;
}
