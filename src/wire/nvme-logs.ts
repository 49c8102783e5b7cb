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

/** Results that the self-test log keeps. */
export const SELF_TEST_RESULTS = 20;
/** Bytes of the self-test log. */
export const SELF_TEST_LOG_BYTES = 564;

/** Device self-test (log page 06h). NVMe Base 2.0, figure 213. */
export const selfTestLog = layout('selfTestLog', SELF_TEST_LOG_BYTES, {
  /** The test that runs: 0 none, 1 short, 2 extended. */
  operation: bits(0, 0, 4),
  /** How much of it is done, in percent. */
  percent: bits(0, 8, 7),
  /** The newest result; the others follow. */
  first: bytes(4, 28),
});

/** One result of the self-test log. NVMe Base 2.0, figure 214. */
export const selfTestResult = layout('selfTestResult', 28, {
  /** How the test ended; Fh for no test. */
  result: bits(0, 0, 4),
  /** Which test it was. */
  code: bits(0, 4, 4),
  segment: u8(1),
  /** Bit 0: the namespace id is valid. */
  valid: u8(2),
  powerOnHours: u64(4),
  nsid: u32(12),
  failingLba: u64(16),
  sct: u8(24),
  sc: u8(25),
});

/** Bytes of the sanitize status log. */
export const SANITIZE_LOG_BYTES = 512;

/** Sanitize status (log page 81h). NVMe Base 2.0, figure 241. */
export const sanitizeLog = layout('sanitizeLog', SANITIZE_LOG_BYTES, {
  /** Numerator of the progress over 65536; FFFFh while none runs. */
  progress: u16(0),
  /** Of the last operation: 0 there was none, 1 done, 2 at work, 3 failed. */
  status: bits(0, 16, 3),
  /** Overwrite passes that are done. */
  passes: bits(0, 19, 5),
  /** Nothing was written since the last operation (Global Data Erased). */
  erased: bits(0, 24, 1),
  /** Command dword 10 of the last operation. */
  cdw10: u32(4),
  /** Estimated times in seconds, FFFFFFFFh where unknown: six words. */
  estimates: bytes(8, 24),
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
