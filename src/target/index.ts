/** The LIO core: devices on backends, and NVM subsystems on devices. @packageDocumentation */

export { BlockBuffer } from './nvme/block-buffer.ts';
export { BlockStates } from './nvme/block-states.ts';
export {
  ALL_CAPABILITIES,
  DEFAULT_CAPABILITIES,
  type NvmeCapabilities,
} from './nvme/capabilities.ts';
export {
  NVME_MAX_IN_FLIGHT,
  NVME_MAX_TRANSFER_BYTES,
  type NvmeTargetControllerOptions,
} from './nvme/controller-options.ts';
export { type CommitResult, Firmware } from './nvme/firmware.ts';
export {
  eui64Bytes,
  identityBytes,
  nguidBytes,
  uuidBytes,
  uuidText,
} from './nvme/identity.ts';
export { targetOpOf } from './nvme/io-command.ts';
export {
  type FormatChoice,
  type FormatInUse,
  GuardType,
  type LbaFormat,
  MAX_LBA_FORMATS,
} from './nvme/lba-format.ts';
export {
  type NamespaceNames,
  NvmeNamespace,
  type NvmeNamespaceOptions,
} from './nvme/nvme-namespace.ts';
export {
  MAX_NAMESPACES,
  type NamespaceListener,
  type NamespacePool,
  NvmeSubsystem,
  type NvmeSubsystemOptions,
  namespaceNames,
} from './nvme/nvme-subsystem.ts';
export { NvmeTargetController } from './nvme/nvme-target-controller.ts';
export { type SanitizeListener, Sanitizer, type SanitizeTarget } from './nvme/sanitizer.ts';
export { nvmeStatusOf, withRetryRule } from './nvme/status-map.ts';
export { WriteGate, type Writer } from './nvme/write-gate.ts';
export {
  MAX_ZONE_BLOCKS,
  MAX_ZONE_EXTENSION_BYTES,
  MAX_ZONES,
  type ZonedOptions,
  type ZoneShape,
  type ZrwaOptions,
} from './nvme/zoned/zone-shape.ts';
export { ZoneTable } from './nvme/zoned/zone-table.ts';
export {
  checkCommand,
  MAX_TARGET_QUEUE_DEPTH,
  TARGET_QUEUE_DEPTH,
  TargetDevice,
  type TargetDeviceCounters,
  type TargetDeviceOptions,
} from './target-device.ts';
