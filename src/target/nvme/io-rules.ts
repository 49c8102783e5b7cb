/** What the I/O commands of one controller have in common: what decides how they are read. */
import { Cc } from '../../wire/nvme-registers.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import type { NvmeCapabilities } from './capabilities.ts';
import type { IoSlot } from './io-slot.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';

/** CC.CSS for all command sets. */
const ALL_COMMAND_SETS = 6;

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
