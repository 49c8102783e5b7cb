/** Identify data of a subsystem on devices of the LIO core. NVMe Base 2.0, 5.17; NVM Command Set 1.0, 4.1.5. */
import type { NvmePortLimits } from '../../interfaces/nvme-command-port.ts';
import {
  CONTROLLER_LIST_ENTRIES,
  controllerList,
  IDENTIFY_BYTES,
  identifyController,
  identifyNamespace,
  NAMESPACE_LIST_ENTRIES,
  namespaceList,
} from '../../wire/nvme-identify.ts';
import {
  NAMESPACE_DESCRIPTOR_BYTES,
  NamespaceIdType,
  namespaceDescriptor,
} from '../../wire/nvme-logs.ts';
import { CommandSet } from '../../wire/nvme-opcodes.ts';
import { ERROR_LOG_ENTRIES } from './error-log.ts';
import { CRITICAL_KELVIN, WARNING_KELVIN } from './health.ts';
import type { NvmeNamespace, NvmeSubsystem } from './nvme-subsystem.ts';

/** What a controller says about itself beside the names of its subsystem. */
export interface ControllerTraits extends NvmePortLimits {
  /** Controller id. */
  readonly cntlid: number;
  /** VER, the same as the register VS. */
  readonly version: number;
  /** Abort commands at once, zero-based; a limit of the controller in front. */
  readonly abortLimit0: number;
  /** Asynchronous event requests at once, zero-based; a limit of the controller in front. */
  readonly asyncEventLimit0: number;
  /** Optional admin commands (OACS) of the controller in front, such as bit 8, Doorbell Buffer Config. */
  readonly oacs: number;
  /** SGLS. */
  readonly sgls: number;
  /** The controller in front has CAP.CSS bit 6: command sets can be selected, and Identify speaks of them. */
  readonly commandSets: boolean;
  /** Most bytes of one Zone Append. */
  readonly maxAppendBytes: number;
}

/** Optional NVM commands: Compare, Dataset Management, Write Zeroes, the select and save fields of features, Timestamp, Verify. */
const ONCS_COMPARE = 1 << 0;
const ONCS_DSM = 1 << 2;
const ONCS_WRITE_ZEROES = 1 << 3;
const ONCS_SELECT = 1 << 4;
const ONCS_TIMESTAMP = 1 << 6;
const ONCS_VERIFY = 1 << 7;
/** One firmware slot, read-only. */
const FRMW_ONE_READ_ONLY_SLOT = 0b11;
/** The commands supported and effects log is there. */
const LPA_EFFECTS = 1 << 1;
/** Get Log Page takes an offset and 32 bits of length. */
const LPA_EXTENDED_DATA = 1 << 2;
const IO_CONTROLLER = 1;
/** Flush takes the broadcast namespace id: VWC bits 2:1. */
const VWC_BROADCAST = 0b110;
/** Queue entries of 64 and 16 bytes, as least and as most. */
const SQES_64 = 0x66;
const CQES_16 = 0x44;
/** 25 W in units of 10 mW. */
const POWER_STATE_0 = 2500;

/** Identify Controller (CNS 01h) to the first 4096 bytes of `into`. */
export function writeIdentifyController(
  into: Uint8Array,
  subsystem: NvmeSubsystem,
  traits: ControllerTraits,
): void {
  const view = cleared(into);
  const id = identifyController;
  id.sn.set(view, 0, subsystem.serial);
  id.mn.set(view, 0, subsystem.model);
  id.fr.set(view, 0, subsystem.firmware);
  id.cmic.set(view, 0, subsystem.isShared ? 0b10 : 0);
  id.mdts.set(view, 0, 31 - Math.clz32(traits.maxTransferBytes / 4096));
  id.cntlid.set(view, 0, traits.cntlid);
  id.ver.set(view, 0, traits.version);
  id.cntrltype.set(view, 0, IO_CONTROLLER);
  id.oacs.set(view, 0, traits.oacs);
  id.sgls.set(view, 0, traits.sgls);
  id.acl0.set(view, 0, traits.abortLimit0);
  id.aerl0.set(view, 0, traits.asyncEventLimit0);
  id.frmw.set(view, 0, FRMW_ONE_READ_ONLY_SLOT);
  id.lpa.set(view, 0, LPA_EFFECTS | LPA_EXTENDED_DATA);
  id.elpe0.set(view, 0, ERROR_LOG_ENTRIES - 1);
  id.wctemp.set(view, 0, WARNING_KELVIN);
  id.cctemp.set(view, 0, CRITICAL_KELVIN);
  id.sqes.set(view, 0, SQES_64);
  id.cqes.set(view, 0, CQES_16);
  id.nn.set(view, 0, subsystem.maxNamespaces);
  id.oncs.set(
    view,
    0,
    ONCS_COMPARE |
      ONCS_SELECT |
      ONCS_TIMESTAMP |
      ONCS_VERIFY |
      (subsystem.unmap ? ONCS_DSM : 0) |
      (subsystem.writeZeroes ? ONCS_WRITE_ZEROES : 0),
  );
  id.vwc.set(view, 0, VWC_BROADCAST | (subsystem.writeCache ? 1 : 0));
  id.subnqn.set(view, 0, subsystem.nqn);
  id.psd0Mp.set(view, 0, POWER_STATE_0);
}

/** Identify Namespace (CNS 00h); all zeroes for a namespace that is not active. */
export function writeIdentifyNamespace(
  into: Uint8Array,
  subsystem: NvmeSubsystem,
  namespace: NvmeNamespace | undefined,
): void {
  const view = cleared(into);
  if (namespace === undefined) return;
  const { blockBytes, blockCount, readOnly } = namespace.port.geometry;
  const id = identifyNamespace;
  id.nsze.set(view, 0, blockCount);
  const { shape } = namespace.zones ?? {};
  const capacity = shape === undefined ? blockCount : shape.zoneCount * shape.zoneCapacity;
  id.ncap.set(view, 0, capacity);
  id.nuse.set(view, 0, capacity);
  id.nmic.set(view, 0, subsystem.isShared ? 1 : 0);
  id.nsattr.set(view, 0, readOnly ? 1 : 0);
  id.nguid.set(view, 0, namespace.nguid);
  id.eui64.set(view, 0, namespace.eui64);
  id.lbaf0Lbads.set(view, 0, 31 - Math.clz32(blockBytes));
}

/** Namespace ids above `nsid`, ascending: active ones (CNS 02h) or all that exist (CNS 10h), of one command set where `set` names it. */
export function writeNamespaceList(
  into: Uint8Array,
  subsystem: NvmeSubsystem,
  nsid: number,
  isAllocated: boolean,
  set?: number,
): void {
  const view = cleared(into);
  let at = nsid;
  for (let count = 0; count < NAMESPACE_LIST_ENTRIES; ) {
    at = isAllocated ? subsystem.nextAllocated(at) : subsystem.nextNsid(at);
    if (at === 0) return;
    if (set !== undefined && commandSetOf(subsystem.allocatedNamespace(at)!) !== set) continue;
    namespaceList.first.set(view, 4 * count, at);
    count += 1;
  }
}

/** The controllers of the subsystem from `cntid` on (CNS 13h); none of them when `isEmpty` (CNS 12h of an unattached namespace). */
export function writeControllerList(
  into: Uint8Array,
  { firstControllerId, controllerCount }: NvmeSubsystem,
  cntid: number,
  isEmpty = false,
): void {
  const view = cleared(into);
  if (isEmpty) return;
  const end = firstControllerId + controllerCount;
  let count = 0;
  for (let id = Math.max(firstControllerId, cntid); id < end; id++) {
    if (count === CONTROLLER_LIST_ENTRIES) break;
    controllerList.first.set(view, 2 * count, id);
    count += 1;
  }
  controllerList.count.set(view, 0, count);
}

/** Namespace identification descriptors (CNS 03h): EUI-64, NGUID, UUID, and the command set where there are several; zeroes end the list. */
export function writeDescriptors(
  into: Uint8Array,
  namespace: NvmeNamespace,
  withSet: boolean,
): void {
  const view = cleared(into);
  let at = writeDescriptor(view, 0, NamespaceIdType.eui64, namespace.eui64);
  at = writeDescriptor(view, at, NamespaceIdType.nguid, namespace.nguid);
  at = writeDescriptor(view, at, NamespaceIdType.uuid, namespace.uuid);
  if (!withSet) return;
  writeDescriptor(view, at, NamespaceIdType.commandSet, Uint8Array.of(commandSetOf(namespace)));
}

/** The command set that a namespace belongs to. */
export function commandSetOf(namespace: NvmeNamespace): number {
  return namespace.zones === undefined ? CommandSet.nvm : CommandSet.zoned;
}

function writeDescriptor(view: DataView, at: number, type: number, id: Uint8Array): number {
  namespaceDescriptor.nidt.set(view, at, type);
  namespaceDescriptor.nidl.set(view, at, id.length);
  for (let i = 0; i < id.length; i++) view.setUint8(at + NAMESPACE_DESCRIPTOR_BYTES + i, id[i]!);
  return at + NAMESPACE_DESCRIPTOR_BYTES + id.length;
}

function cleared(into: Uint8Array): DataView {
  into.fill(0, 0, IDENTIFY_BYTES);
  return new DataView(into.buffer, into.byteOffset, IDENTIFY_BYTES);
}
