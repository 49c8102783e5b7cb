/** Format NVM: one namespace or all get another format, and nothing of their data stays. NVMe Base 2.0, 5.14; NVM Command Set 1.0, 4.1.2. */
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { TargetFlag, TargetOp } from '../../interfaces/target.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { NSID_ALL } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { type IoRules, missingNamespace } from './io-rules.ts';
import { type IoSlot, SlotKind } from './io-slot.ts';
import { type FormatChoice, formatOf, GuardType } from './lba-format.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';

/** Secure erase settings: none, user data, cryptographic. */
const LAST_ERASE = 2;
const ERASE_CRYPTOGRAPHIC = 2;

/** Checks a Format NVM and makes the slot the first part of it, which `takeNextFormat` begins. Returns a status. */
export function parseFormat(
  command: NvmeCommand,
  rules: IoRules,
  hasExtendedFormats: boolean,
  slot: IoSlot,
): number {
  const { subsystem, index, can } = rules;
  const nsid = command.sqe[SqeWord.nsid]! >>> 0;
  const cdw10 = command.sqe[SqeWord.cdw10]!;
  const erase = (cdw10 >>> 9) & 7;
  const first = nsid === NSID_ALL ? subsystem.nextNsid(0, index) : nsid;
  const last = nsid === NSID_ALL ? NSID_ALL : nsid;
  if (nsid !== NSID_ALL && subsystem.namespace(nsid, index) === undefined) {
    return missingNamespace(subsystem, nsid);
  }
  if (erase > LAST_ERASE) return NvmeStatus.invalidField;
  if (erase === ERASE_CRYPTOGRAPHIC && !can.cryptographicErase) return NvmeStatus.invalidField;
  const choice = choiceOf(cdw10);
  for (let at = first; at !== 0 && at <= last; at = subsystem.nextNsid(at, index)) {
    const namespace = subsystem.namespace(at, index)!;
    const format = formatOf(namespace.formats, choice);
    if (format === undefined) return NvmeStatus.invalidFormat;
    if (format.guard !== GuardType.crc16 && !hasExtendedFormats) return NvmeStatus.invalidFormat;
    if (namespace.isFormatting) return NvmeStatus.formatInProgress;
    if (nsid !== NSID_ALL) break;
  }
  slot.kind = SlotKind.format;
  slot.namespace = undefined;
  slot.nsid = nsid;
  slot.code = NvmeStatus.success;
  return NvmeStatus.success;
}

/** Makes the slot empty the unit of the next namespace; false when all are done. */
export function takeNextFormat(slot: IoSlot, { subsystem, index }: IoRules): boolean {
  const before = slot.namespace;
  if (before !== undefined && slot.nsid !== NSID_ALL) return false;
  const nsid = slot.nsid === NSID_ALL ? subsystem.nextNsid(before?.nsid ?? 0, index) : slot.nsid;
  const namespace = subsystem.namespace(nsid, index);
  if (namespace === undefined) return false;
  namespace.isFormatting = true;
  slot.namespace = namespace;
  slot.format = namespace.format;
  emptyUnit(slot, namespace);
  return true;
}

/** Makes the slot leave nothing of the data of a unit. */
function emptyUnit(slot: IoSlot, { port }: NvmeNamespace): void {
  slot.port = port;
  slot.op = port.geometry.writeZeroes ? TargetOp.writeZeroes : TargetOp.unmap;
  slot.flags = TargetFlag.fua | TargetFlag.mayUnmap;
  slot.lba = 0;
  slot.blockCount = port.geometry.blockCount;
}

/** The unit is empty: the namespace takes its new format, and its controllers hear of it. */
export function finishFormat(slot: IoSlot, { subsystem }: IoRules): void {
  const namespace = slot.namespace!;
  const format = formatOf(namespace.formats, choiceOf(slot.nvme!.sqe[SqeWord.cdw10]!));
  namespace.isFormatting = false;
  if (format === undefined) return;
  namespace.reformat(format);
  subsystem.tellControllers(namespace);
}

/** The format that command dword 10 chooses. */
function choiceOf(cdw10: number): FormatChoice {
  return {
    index: (cdw10 & 0xf) | (((cdw10 >>> 12) & 3) << 4),
    extended: (cdw10 & 0x10) !== 0,
    protection: (cdw10 >>> 5) & 7,
    protectionFirst: (cdw10 & 0x100) !== 0,
  };
}
