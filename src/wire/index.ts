/** Bytes and fields of every protocol of the stack. @packageDocumentation */

export * from './ata.ts';
export {
  Ascii,
  ascii,
  Bits,
  Bytes,
  be16,
  be32,
  be64,
  bits,
  bytes,
  type Field,
  Flag,
  flag,
  type LayoutInfo,
  layout,
  U8,
  U16,
  U32,
  U64,
  u8,
  u16,
  u32,
  u64,
} from './layout.ts';
export { CQE_BYTES, CqeWord, cqe, IoControl, SQE_BYTES, SqeWord, sqe } from './nvme-entries.ts';
export {
  asyncEvent,
  IDENTIFY_BYTES,
  identifyController,
  identifyNamespace,
  LBA_FORMAT_BYTES,
  LBA_FORMATS_AT,
  lbaFormat,
  NAMESPACE_LIST_ENTRIES,
  namespaceList,
} from './nvme-identify.ts';
export {
  DSM_RANGE_BYTES,
  dsmRange,
  ERROR_LOG_ENTRY_BYTES,
  errorLogEntry,
  FIRMWARE_LOG_BYTES,
  firmwareLog,
  NAMESPACE_DESCRIPTOR_BYTES,
  NamespaceIdType,
  namespaceDescriptor,
  SMART_LOG_BYTES,
  smartLog,
} from './nvme-logs.ts';
export {
  AdminOpcode,
  AsyncErrorInfo,
  AsyncEventType,
  FeatureId,
  FeatureSelect,
  IdentifyCns,
  IoOpcode,
  LogPage,
  NSID_ALL,
} from './nvme-opcodes.ts';
export { Cc, Csts, DOORBELL_BASE, NvmeRegister, nvmeRegisters } from './nvme-registers.ts';
export {
  NvmeStatus,
  nvmeStatusName,
  STATUS_CODE_MASK,
  STATUS_DNR,
  STATUS_MORE,
} from './nvme-status.ts';
export { makeTransfer, type NvmeTransfer, transferOf } from './nvme-transfer.ts';
export {
  COMPLETION_BYTES,
  CONTROL_BYTES,
  CONTROL_QUEUE,
  ControlOp,
  ControlResult,
  controlRequest,
  controlResponse,
  EVENT_BYTES,
  EVENT_QUEUE,
  EventKind,
  eventFrame,
  FIRST_REQUEST_QUEUE,
  formatEntry,
  MAX_FORMAT_NSID,
  REQUEST_HEADER_BYTES,
  requestCompletion,
  requestHeader,
  requestQueueOf,
} from './nvme-virtqueue.ts';
export {
  MSIX_ENTRY_BYTES,
  msixCapability,
  msixEntry,
  NVME_CLASS_CODE,
  PCI_CONFIG_BYTES,
  PCIE_FLR_CAPABLE,
  PCIE_START_FLR,
  PciCapability,
  PciCommand,
  PciRegister,
  pcieCapability,
  pciHeader,
  pmCapability,
} from './pci.ts';
export * from './scsi.ts';
