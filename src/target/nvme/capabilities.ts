/**
 * What one controller can, in one object: Identify, the effects log and the dispatch of commands follow from it, so that everything that
 * is advertised is accepted and everything else is refused.
 */

import { Oacs, Oncs } from '../../wire/nvme-identify.ts';
import { AdminOpcode, CommandSet, IoOpcode } from '../../wire/nvme-opcodes.ts';

/** Optional abilities of a controller. What the units below cannot (deallocate, write zeroes) is left out by itself. */
export interface NvmeCapabilities {
  /** Compare. */
  readonly compare: boolean;
  /** Verify. */
  readonly verify: boolean;
  /** The Timestamp feature. */
  readonly timestamp: boolean;
  /** Namespace Attachment, and the changed namespace list with its event. OACS bit 3 needs Namespace Management too. */
  readonly namespaceAttachment: boolean;
  /** Namespace Management; needs Namespace Attachment. */
  readonly namespaceManagement: boolean;
  /** Format NVM, where the units can be emptied. */
  readonly formatNvm: boolean;
  /** Format NVM with cryptographic erase. */
  readonly cryptographicErase: boolean;
  /** Write Uncorrectable. */
  readonly writeUncorrectable: boolean;
  /** Copy, by source range format as a bit set: 0 and 1 within a namespace, 2 and 3 between namespaces; 0 for no Copy. */
  readonly copyFormats: number;
  /** The features Host Behavior Support and, with selection of command sets, I/O Command Set Profile. */
  readonly hostBehavior: boolean;
  /** The SMART log of one namespace. */
  readonly namespaceSmart: boolean;
  /** Fused Compare and Write. */
  readonly fusedCompareWrite: boolean;
  /** Firmware Image Download and Firmware Commit. */
  readonly firmware: boolean;
  /** Device Self-test and its log. */
  readonly selfTest: boolean;
  /** Sanitize and its log, where the units can be emptied. */
  readonly sanitize: boolean;
  /** Directive Send and Receive, of type Identify alone. */
  readonly directives: boolean;
  /** The supported log pages log. */
  readonly supportedLogs: boolean;
}

/** What a controller can unless it is told otherwise. */
export const DEFAULT_CAPABILITIES: NvmeCapabilities = {
  compare: true,
  verify: true,
  timestamp: true,
  namespaceAttachment: false,
  namespaceManagement: false,
  formatNvm: false,
  cryptographicErase: false,
  writeUncorrectable: false,
  copyFormats: 0,
  hostBehavior: false,
  namespaceSmart: false,
  fusedCompareWrite: false,
  firmware: false,
  selfTest: false,
  sanitize: false,
  directives: false,
  supportedLogs: false,
};

/** Everything that a controller can be told to have. */
export const ALL_CAPABILITIES: NvmeCapabilities = {
  compare: true,
  verify: true,
  timestamp: true,
  namespaceAttachment: true,
  namespaceManagement: true,
  formatNvm: true,
  cryptographicErase: true,
  writeUncorrectable: true,
  copyFormats: 0b1111,
  hostBehavior: true,
  namespaceSmart: true,
  fusedCompareWrite: true,
  firmware: true,
  selfTest: true,
  sanitize: true,
  directives: true,
  supportedLogs: true,
};

/** What the units of a subsystem decide. */
export interface UnitAbilities {
  /** All units can deallocate. */
  readonly unmap: boolean;
  /** All units can write zeroes. */
  readonly writeZeroes: boolean;
  /** Some namespace is zoned. */
  readonly hasZones: boolean;
}

/** Commands Supported and Effects: the command is supported, and what it changes. NVMe Base 2.0, figure 211. */
const CommandEffect = {
  supported: 1 << 0,
  /** The content of logical blocks. */
  blockContent: 1 << 1,
  /** Capabilities of a namespace. */
  namespaceCapability: 1 << 2,
  /** Which namespaces there are. */
  namespaceInventory: 1 << 3,
  /** What the controller is and can. */
  controllerCapability: 1 << 4,
} as const;

const { supported, blockContent, namespaceCapability, namespaceInventory, controllerCapability } =
  CommandEffect;

/** Commands that every controller takes, those that stay in the controller in front included. */
const MANDATORY_ADMIN: readonly number[] = [
  AdminOpcode.deleteIoSq,
  AdminOpcode.createIoSq,
  AdminOpcode.getLogPage,
  AdminOpcode.deleteIoCq,
  AdminOpcode.createIoCq,
  AdminOpcode.identify,
  AdminOpcode.abort,
  AdminOpcode.setFeatures,
  AdminOpcode.getFeatures,
  AdminOpcode.asyncEventRequest,
];

/** Effects of the admin commands by opcode; 0 for one that the controller does not have. @param oacs of the controller in front */
export function adminEffects(
  can: NvmeCapabilities,
  units: UnitAbilities,
  oacs: number,
): Uint32Array {
  const effects = new Uint32Array(256);
  for (const opcode of MANDATORY_ADMIN) effects[opcode] = supported;
  if ((oacs & Oacs.doorbellBuffer) !== 0) effects[AdminOpcode.doorbellBufferConfig] = supported;
  if (can.namespaceAttachment) {
    effects[AdminOpcode.namespaceAttachment] = supported | namespaceInventory;
  }
  if (can.firmware) {
    effects[AdminOpcode.firmwareCommit] = supported | controllerCapability;
    effects[AdminOpcode.firmwareDownload] = supported;
  }
  if (can.selfTest) effects[AdminOpcode.deviceSelfTest] = supported;
  if (canSanitize(can, units)) effects[AdminOpcode.sanitize] = supported | blockContent;
  if (can.directives) {
    effects[AdminOpcode.directiveSend] = supported;
    effects[AdminOpcode.directiveReceive] = supported;
  }
  if (canFormat(can, units)) {
    effects[AdminOpcode.formatNvm] = supported | blockContent | namespaceCapability;
  }
  if (can.namespaceManagement) {
    effects[AdminOpcode.namespaceManagement] = supported | namespaceInventory;
  }
  return effects;
}

/** Effects of the I/O commands of command set `set` by opcode; 0 for one that the controller does not have. */
export function ioEffects(can: NvmeCapabilities, units: UnitAbilities, set: number): Uint32Array {
  const effects = new Uint32Array(256);
  effects[IoOpcode.flush] = supported;
  effects[IoOpcode.read] = supported;
  effects[IoOpcode.write] = supported | blockContent;
  if (can.writeUncorrectable) effects[IoOpcode.writeUncorrectable] = supported | blockContent;
  if (can.copyFormats !== 0) effects[IoOpcode.copy] = supported | blockContent;
  if (can.compare) effects[IoOpcode.compare] = supported;
  if (can.verify) effects[IoOpcode.verify] = supported;
  if (units.unmap) effects[IoOpcode.datasetManagement] = supported | blockContent;
  if (units.writeZeroes) effects[IoOpcode.writeZeroes] = supported | blockContent;
  if (units.hasZones && set === CommandSet.zoned) {
    effects[IoOpcode.zoneManagementSend] = supported | blockContent;
    effects[IoOpcode.zoneManagementReceive] = supported;
    effects[IoOpcode.zoneAppend] = supported | blockContent;
  }
  return effects;
}

/** OACS of Identify Controller. @param oacs of the controller in front */
export function oacsOf(can: NvmeCapabilities, units: UnitAbilities, oacs: number): number {
  return (
    oacs |
    (can.namespaceAttachment ? Oacs.namespaceManagement : 0) |
    (canFormat(can, units) ? Oacs.formatNvm : 0) |
    (can.firmware ? Oacs.firmware : 0) |
    (can.selfTest ? Oacs.selfTest : 0) |
    (can.directives ? Oacs.directives : 0)
  );
}

/** Can the units be emptied, and is that wanted? */
function canFormat(can: NvmeCapabilities, units: UnitAbilities): boolean {
  return can.formatNvm && (units.unmap || units.writeZeroes);
}

/** Can the units be sanitized, and is that wanted? */
export function canSanitize(can: NvmeCapabilities, units: UnitAbilities): boolean {
  return can.sanitize && (units.unmap || units.writeZeroes);
}

/** ONCS of Identify Controller. */
export function oncsOf(can: NvmeCapabilities, units: UnitAbilities): number {
  return (
    Oncs.select |
    (can.compare ? Oncs.compare : 0) |
    (can.writeUncorrectable ? Oncs.writeUncorrectable : 0) |
    (can.copyFormats !== 0 ? Oncs.copy : 0) |
    (can.verify ? Oncs.verify : 0) |
    (can.timestamp ? Oncs.timestamp : 0) |
    (units.unmap ? Oncs.datasetManagement : 0) |
    (units.writeZeroes ? Oncs.writeZeroes : 0)
  );
}
