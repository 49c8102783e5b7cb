/** Log pages and namespace descriptors. NVMe Base 2.0, 5.16.1 and 5.17.2.3. */
import { ascii, bits, bytes, layout, u8, u16, u32, u64 } from './layout.ts';

/** Bytes of one entry of the error information log. */
export const ERROR_LOG_ENTRY_BYTES = 64;

/** Error information log entry (log page 01h). NVMe Base 2.0, figure 206. */
export const errorLogEntry = layout('errorLogEntry', ERROR_LOG_ENTRY_BYTES, {
  /** Unique number of the error, counting from 1; 0 marks an empty entry. */
  errorCount: u64(0),
  sqid: u16(8),
  cid: u16(10),
  /** Status field of the completion, in bits 15:1. */
  status: bits(12, 1, 15),
  /** Where in the command the error lies: byte in bits 7:0, bit in bits 10:8; FFFFh for no such place. */
  parameterErrorLocation: u16(14),
  lba: u64(16),
  nsid: u32(24),
  vendorPage: u8(28),
  transportType: u8(29),
  commandInfo: u64(32),
});

/** Bytes of the SMART / health information log. */
export const SMART_LOG_BYTES = 512;

/** SMART / health information (log page 02h). Counters are 16 bytes, of which the low 8 are named. NVMe Base 2.0, figure 207. */
export const smartLog = layout('smartLog', SMART_LOG_BYTES, {
  /** Bit 1: the temperature is beyond a threshold. */
  criticalWarning: u8(0),
  /** Composite temperature in kelvin. */
  compositeTemperature: u16(1),
  availableSpare: u8(3),
  availableSpareThreshold: u8(4),
  percentageUsed: u8(5),
  /** Thousands of 512-byte units read, rounded up. */
  dataUnitsRead: u64(32),
  dataUnitsWritten: u64(48),
  hostReadCommands: u64(64),
  hostWriteCommands: u64(80),
  /** Minutes. */
  controllerBusyTime: u64(96),
  powerCycles: u64(112),
  powerOnHours: u64(128),
  unsafeShutdowns: u64(144),
  mediaErrors: u64(160),
  errorLogEntries: u64(176),
  warningTemperatureMinutes: u32(192),
  criticalTemperatureMinutes: u32(196),
});

/** Bytes of the firmware slot information log. */
export const FIRMWARE_LOG_BYTES = 512;

/** Firmware slot information (log page 03h). NVMe Base 2.0, figure 208. */
export const firmwareLog = layout('firmwareLog', FIRMWARE_LOG_BYTES, {
  /** Slot that runs now. */
  activeSlot: bits(0, 0, 3),
  /** Slot that runs after the next reset, 0 when that does not change. */
  nextSlot: bits(0, 4, 3),
  frs1: ascii(8, 8),
});

/** Bytes of a namespace identification descriptor before its identifier. */
export const NAMESPACE_DESCRIPTOR_BYTES = 4;

/** Namespace identification descriptor (Identify CNS 03h). NVMe Base 2.0, figure 277. */
export const namespaceDescriptor = layout('namespaceDescriptor', NAMESPACE_DESCRIPTOR_BYTES, {
  /** One of {@link NamespaceIdType}. */
  nidt: u8(0),
  /** Bytes of the identifier that follows. */
  nidl: u8(1),
  reserved: bytes(2, 2),
});

/** Types of namespace identifiers. */
export const NamespaceIdType = { eui64: 1, nguid: 2, uuid: 3, commandSet: 4 } as const;

/** Bytes of one range of Dataset Management. */
export const DSM_RANGE_BYTES = 16;

/** Range of Dataset Management. NVM Command Set 1.0, figure 46. */
export const dsmRange = layout('dsmRange', DSM_RANGE_BYTES, {
  contextAttributes: u32(0),
  /** Length in logical blocks. */
  nlb: u32(4),
  slba: u64(8),
});
