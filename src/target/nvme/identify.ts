/** Identify data of a subsystem on devices of the LIO core. NVMe Base 2.0, 5.17; NVM Command Set 1.0, 4.1.5. */
import type { NvmePortLimits } from '../../interfaces/nvme-command-port.ts';
import {
  CONTROLLER_LIST_ENTRIES,
  controllerList,
  IDENTIFY_BYTES,
  identifyController,
  identifyNamespace,
  LBA_FORMAT_BYTES,
  LBA_FORMATS_AT,
  lbaFormat,
  NAMESPACE_LIST_ENTRIES,
  namespaceList,
  nvmNamespace,
} from '../../wire/nvme-identify.ts';
import {
  NAMESPACE_DESCRIPTOR_BYTES,
  NamespaceIdType,
  namespaceDescriptor,
} from '../../wire/nvme-logs.ts';
import { CommandSet } from '../../wire/nvme-opcodes.ts';
import {
  canSanitize,
  DEFAULT_CAPABILITIES,
  type NvmeCapabilities,
  oacsOf,
  oncsOf,
} from './capabilities.ts';
import { MAX_COPY_BLOCKS, MAX_COPY_RANGES } from './copy-command.ts';
import { ERROR_LOG_ENTRIES } from './error-log.ts';
import { FIRMWARE_GRANULE_BYTES, FIRMWARE_SLOTS } from './firmware.ts';
import { CRITICAL_KELVIN, WARNING_KELVIN } from './health.ts';
import { GuardType } from './lba-format.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';
import { EXTENDED_SELF_TEST_MINUTES } from './self-test.ts';

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
  /** What the controller can beside that. */
  readonly can: NvmeCapabilities;
}

/** One firmware slot, read-only. */
const FRMW_ONE_READ_ONLY_SLOT = 0b11;
/** FRMW: slot 1 is read-only; firmware can be activated without a reset. */
const FRMW_READ_ONLY = 1 << 0;
const FRMW_NO_RESET = 1 << 4;
/** SANICAP: cryptographic erase, block erase and overwrite. */
const SANICAP_ALL = 0b111;
/** The SMART log of one namespace can be had. */
const LPA_NAMESPACE_SMART = 1 << 0;
/** The commands supported and effects log is there. */
const LPA_EFFECTS = 1 << 1;
/** Get Log Page takes an offset and 32 bits of length. */
const LPA_EXTENDED_DATA = 1 << 2;
/** Events: attributes of a namespace changed. */
const OAES_NAMESPACE_ATTRIBUTES = 1 << 8;
/** FNA: cryptographic erase. CTRATT: extended LBA formats, once the host enables them. */
const FNA_CRYPTOGRAPHIC = 1 << 2;
const CTRATT_EXTENDED_FORMATS = 1 << 15;
const IO_CONTROLLER = 1;
/** Flush takes the broadcast namespace id: VWC bits 2:1. */
const VWC_BROADCAST = 0b110;
/** Queue entries of 64 and 16 bytes, as least and as most. */
const SQES_64 = 0x66;
const CQES_16 = 0x44;
/** NSFEAT: deallocated blocks can be reported; preferred sizes, which all are one block. */
const NSFEAT_DULBE = 1 << 2;
const NSFEAT_OPTIMAL_SIZES = 1 << 4;
/** DLFEAT: deallocated blocks read as zeroes; Write Zeroes can deallocate. */
const DLFEAT_ZEROES = 0b001;
const DLFEAT_WRITE_ZEROES = 1 << 3;
/** FLBAS: metadata is interleaved. DPS: protection information comes first. */
const FLBAS_EXTENDED = 1 << 4;
const DPS_FIRST = 1 << 3;
/** MC: metadata separate and interleaved. DPC: types 1 to 3, in the first and in the last bytes. */
const MC_BOTH = 0b11;
const DPC_ALL = 0b1_1111;
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
  id.fr.set(view, 0, subsystem.firmwareSlots.revision);
  id.cmic.set(view, 0, subsystem.isShared ? 0b10 : 0);
  id.mdts.set(view, 0, 31 - Math.clz32(traits.maxTransferBytes / 4096));
  id.cntlid.set(view, 0, traits.cntlid);
  id.ver.set(view, 0, traits.version);
  id.cntrltype.set(view, 0, IO_CONTROLLER);
  id.oaes.set(view, 0, traits.can.namespaceAttachment ? OAES_NAMESPACE_ATTRIBUTES : 0);
  id.oacs.set(view, 0, oacsOf(traits.can, subsystem, traits.oacs));
  id.sgls.set(view, 0, traits.sgls);
  id.acl0.set(view, 0, traits.abortLimit0);
  id.aerl0.set(view, 0, traits.asyncEventLimit0);
  id.frmw.set(
    view,
    0,
    traits.can.firmware
      ? FRMW_READ_ONLY | (FIRMWARE_SLOTS << 1) | FRMW_NO_RESET
      : FRMW_ONE_READ_ONLY_SLOT,
  );
  id.fwug.set(view, 0, traits.can.firmware ? FIRMWARE_GRANULE_BYTES / 4096 : 0);
  id.edstt.set(view, 0, traits.can.selfTest ? EXTENDED_SELF_TEST_MINUTES : 0);
  id.sanicap.set(view, 0, canSanitize(traits.can, subsystem) ? SANICAP_ALL : 0);
  id.lpa.set(
    view,
    0,
    LPA_EFFECTS | LPA_EXTENDED_DATA | (traits.can.namespaceSmart ? LPA_NAMESPACE_SMART : 0),
  );
  id.fna.set(view, 0, traits.can.cryptographicErase ? FNA_CRYPTOGRAPHIC : 0);
  id.ctratt.set(view, 0, traits.can.hostBehavior ? CTRATT_EXTENDED_FORMATS : 0);
  id.ocfs.set(view, 0, traits.can.copyFormats);
  id.tnvmcap.set(view, 0, subsystem.pool?.capacityBytes ?? 0);
  id.unvmcap.set(view, 0, subsystem.unallocatedBytes);
  id.elpe0.set(view, 0, ERROR_LOG_ENTRIES - 1);
  id.wctemp.set(view, 0, WARNING_KELVIN);
  id.cctemp.set(view, 0, CRITICAL_KELVIN);
  id.sqes.set(view, 0, SQES_64);
  id.cqes.set(view, 0, CQES_16);
  id.nn.set(view, 0, subsystem.maxNamespaces);
  id.oncs.set(view, 0, oncsOf(traits.can, subsystem));
  id.fuses.set(view, 0, traits.fuses ?? 0);
  id.vwc.set(view, 0, VWC_BROADCAST | (subsystem.writeCache ? 1 : 0));
  id.subnqn.set(view, 0, subsystem.nqn);
  id.psd0Mp.set(view, 0, POWER_STATE_0);
}

/** Identify Namespace (CNS 00h, 11h); all zeroes for a namespace that is not there. */
export function writeIdentifyNamespace(
  into: Uint8Array,
  subsystem: NvmeSubsystem,
  namespace: NvmeNamespace | undefined,
  can: NvmeCapabilities = DEFAULT_CAPABILITIES,
): void {
  const view = cleared(into);
  if (namespace === undefined) return;
  const { blockCount, format } = namespace;
  const id = identifyNamespace;
  writeCommonFields(view, namespace, can);
  id.nsze.set(view, 0, blockCount);
  const { shape } = namespace.zones ?? {};
  const capacity = shape === undefined ? blockCount : shape.zoneCount * shape.zoneCapacity;
  id.ncap.set(view, 0, capacity);
  id.nuse.set(view, 0, Math.min(namespace.usedBlocks, capacity));
  if (namespace.tracksBlocks) {
    id.nsfeat.set(view, 0, NSFEAT_DULBE | NSFEAT_OPTIMAL_SIZES);
    id.dlfeat.set(view, 0, DLFEAT_ZEROES | DLFEAT_WRITE_ZEROES);
  }
  id.flbas.set(view, 0, format.index | (format.extended ? FLBAS_EXTENDED : 0));
  id.dps.set(view, 0, format.protection | (format.protectionFirst ? DPS_FIRST : 0));
  id.nmic.set(view, 0, subsystem.isShared && !namespace.isPrivate ? 1 : 0);
  id.nsattr.set(view, 0, namespace.port.geometry.readOnly ? 1 : 0);
  id.nguid.set(view, 0, namespace.nguid);
  id.eui64.set(view, 0, namespace.eui64);
}

/** Identify Namespace for the broadcast id: what all namespaces have in common, which the first one tells. NVM Command Set 1.0, 4.1.5.1. */
export function writeCommonNamespace(
  into: Uint8Array,
  subsystem: NvmeSubsystem,
  can: NvmeCapabilities,
): void {
  const view = cleared(into);
  const first = subsystem.allocatedNamespace(subsystem.nextAllocated(0));
  if (first !== undefined) writeCommonFields(view, first, can);
}

/** What does not depend on how a namespace is formatted now. */
function writeCommonFields(
  view: DataView,
  { formats }: NvmeNamespace,
  can: NvmeCapabilities,
): void {
  const id = identifyNamespace;
  let hasMetadata = false;
  let hasProtection = false;
  for (const [i, { blockBytes, metadataBytes = 0 }] of formats.entries()) {
    const at = LBA_FORMATS_AT + LBA_FORMAT_BYTES * i;
    lbaFormat.ms.set(view, at, metadataBytes);
    lbaFormat.lbads.set(view, at, 31 - Math.clz32(blockBytes));
    hasMetadata ||= metadataBytes > 0;
    hasProtection ||= metadataBytes >= 8;
  }
  id.nlbaf0.set(view, 0, formats.length - 1);
  id.mc.set(view, 0, hasMetadata ? MC_BOTH : 0);
  id.dpc.set(view, 0, hasProtection ? DPC_ALL : 0);
  if (can.copyFormats === 0) return;
  id.mssrl.set(view, 0, MAX_COPY_BLOCKS);
  id.mcl.set(view, 0, MAX_COPY_BLOCKS);
  id.msrc0.set(view, 0, MAX_COPY_RANGES - 1);
}

/** Identify Namespace of the NVM command set (CNS 05h, 1Bh): the guards of the formats. NVM Command Set 1.0, 4.1.5.2. */
export function writeNvmNamespace(into: Uint8Array, namespace: NvmeNamespace | undefined): void {
  const view = cleared(into);
  if (namespace === undefined) return;
  for (const [i, { guard = GuardType.crc16 }] of namespace.formats.entries()) {
    nvmNamespace.elbaf0Pif.set(view, LBA_FORMAT_BYTES * i, guard);
  }
}

/** Namespace ids above `nsid`, ascending: those active on controller number `index` (CNS 02h), or all that exist (CNS 10h); of one command set where `set` names it. */
export function writeNamespaceList(
  into: Uint8Array,
  subsystem: NvmeSubsystem,
  nsid: number,
  isAllocated: boolean,
  index = -1,
  set?: number,
): void {
  const view = cleared(into);
  let at = nsid;
  for (let count = 0; count < NAMESPACE_LIST_ENTRIES; ) {
    at = isAllocated ? subsystem.nextAllocated(at) : subsystem.nextNsid(at, index);
    if (at === 0) return;
    if (set !== undefined && commandSetOf(subsystem.allocatedNamespace(at)!) !== set) continue;
    namespaceList.first.set(view, 4 * count, at);
    count += 1;
  }
}

/** The controllers of the subsystem from `cntid` on (CNS 13h), or those of them that have `namespace` (CNS 12h). */
export function writeControllerList(
  into: Uint8Array,
  { firstControllerId, controllerCount }: NvmeSubsystem,
  cntid: number,
  namespace?: NvmeNamespace,
): void {
  const view = cleared(into);
  let count = 0;
  for (let index = 0; index < controllerCount; index++) {
    const id = firstControllerId + index;
    if (id < cntid || namespace?.isAttachedTo(index) === false) continue;
    if (count === CONTROLLER_LIST_ENTRIES) break;
    controllerList.first.set(view, 2 * count, id);
    count += 1;
  }
  controllerList.count.set(view, 0, count);
}

/**
 * Namespace identification descriptors (CNS 03h): UUID, NGUID and EUI-64 as far as the namespace has them; zeroes end the list.
 *
 * @param withCommandSet names the command set too, which a controller of several command sets does
 */
export function writeDescriptors(
  into: Uint8Array,
  namespace: NvmeNamespace,
  withCommandSet = false,
): void {
  const view = cleared(into);
  let at = writeDescriptor(view, 0, NamespaceIdType.uuid, namespace.uuid);
  at = writeDescriptor(view, at, NamespaceIdType.nguid, namespace.nguid);
  at = writeDescriptor(view, at, NamespaceIdType.eui64, namespace.eui64);
  if (!withCommandSet) return;
  namespaceDescriptor.nidt.set(view, at, NamespaceIdType.commandSet);
  namespaceDescriptor.nidl.set(view, at, 1);
  view.setUint8(at + NAMESPACE_DESCRIPTOR_BYTES, commandSetOf(namespace));
}

/** The command set that a namespace belongs to. */
function commandSetOf(namespace: NvmeNamespace): number {
  return namespace.zones === undefined ? CommandSet.nvm : CommandSet.zoned;
}

function writeDescriptor(view: DataView, at: number, type: number, id: Uint8Array): number {
  if (id.every((byte) => byte === 0)) return at;
  namespaceDescriptor.nidt.set(view, at, type);
  namespaceDescriptor.nidl.set(view, at, id.length);
  for (let i = 0; i < id.length; i++) view.setUint8(at + NAMESPACE_DESCRIPTOR_BYTES + i, id[i]!);
  return at + NAMESPACE_DESCRIPTOR_BYTES + id.length;
}

function cleared(into: Uint8Array): DataView {
  into.fill(0, 0, IDENTIFY_BYTES);
  return new DataView(into.buffer, into.byteOffset, IDENTIFY_BYTES);
}
