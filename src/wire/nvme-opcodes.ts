/** Opcodes and identifiers of NVMe commands. NVMe Base 2.0, 5 and 7; NVM Command Set 1.0, 3; Zoned Namespaces 1.1, 3. */

/** Admin command opcodes. */
export const AdminOpcode = {
  deleteIoSq: 0x00,
  createIoSq: 0x01,
  getLogPage: 0x02,
  deleteIoCq: 0x04,
  createIoCq: 0x05,
  identify: 0x06,
  abort: 0x08,
  setFeatures: 0x09,
  getFeatures: 0x0a,
  asyncEventRequest: 0x0c,
  namespaceManagement: 0x0d,
  firmwareCommit: 0x10,
  firmwareDownload: 0x11,
  deviceSelfTest: 0x14,
  namespaceAttachment: 0x15,
  keepAlive: 0x18,
  directiveSend: 0x19,
  directiveReceive: 0x1a,
  virtualizationManagement: 0x1c,
  doorbellBufferConfig: 0x7c,
  formatNvm: 0x80,
  securitySend: 0x81,
  securityReceive: 0x82,
  sanitize: 0x84,
} as const;

/** I/O command opcodes. */
export const IoOpcode = {
  flush: 0x00,
  write: 0x01,
  read: 0x02,
  writeUncorrectable: 0x04,
  compare: 0x05,
  writeZeroes: 0x08,
  datasetManagement: 0x09,
  verify: 0x0c,
  reservationRegister: 0x0d,
  reservationReport: 0x0e,
  reservationAcquire: 0x11,
  reservationRelease: 0x15,
  copy: 0x19,
  zoneManagementSend: 0x79,
  zoneManagementReceive: 0x7a,
  zoneAppend: 0x7d,
} as const;

/** Feature identifiers of Set and Get Features. NVMe Base 2.0, 5.27.1. */
export const FeatureId = {
  arbitration: 0x01,
  powerManagement: 0x02,
  lbaRangeType: 0x03,
  temperatureThreshold: 0x04,
  errorRecovery: 0x05,
  volatileWriteCache: 0x06,
  numberOfQueues: 0x07,
  interruptCoalescing: 0x08,
  interruptVectorConfig: 0x09,
  writeAtomicity: 0x0a,
  asyncEventConfig: 0x0b,
  autonomousPowerState: 0x0c,
  hostMemoryBuffer: 0x0d,
  timestamp: 0x0e,
  keepAliveTimer: 0x0f,
  hostBehavior: 0x16,
  commandSetProfile: 0x19,
  hostIdentifier: 0x81,
} as const;

/** What the select field of Get Features asks for. NVMe Base 2.0, figure 190. */
export const FeatureSelect = { current: 0, default: 1, saved: 2, capabilities: 3 } as const;

/** What Identify asks for (CNS). NVMe Base 2.0, figure 273. */
export const IdentifyCns = {
  namespace: 0x00,
  controller: 0x01,
  activeNamespaceList: 0x02,
  namespaceDescriptors: 0x03,
  namespaceOfSet: 0x05,
  controllerOfSet: 0x06,
  activeListOfSet: 0x07,
  allocatedList: 0x10,
  allocatedNamespace: 0x11,
  attachedControllers: 0x12,
  controllers: 0x13,
  allocatedListOfSet: 0x1a,
  allocatedNamespaceOfSet: 0x1b,
  commandSetCombinations: 0x1c,
} as const;

/** Command set identifiers (CSI). NVMe Base 2.0, figure 274. */
export const CommandSet = { nvm: 0, keyValue: 1, zoned: 2 } as const;

/** Log page identifiers. NVMe Base 2.0, figure 202. */
export const LogPage = {
  supported: 0x00,
  errorInformation: 0x01,
  smart: 0x02,
  firmwareSlot: 0x03,
  changedNamespaces: 0x04,
  commandEffects: 0x05,
  selfTest: 0x06,
  sanitizeStatus: 0x81,
} as const;

/** Types of asynchronous events. NVMe Base 2.0, figure 146. */
export const AsyncEventType = {
  error: 0,
  smart: 1,
  notice: 2,
  immediate: 3,
  ioSpecific: 6,
  vendor: 7,
} as const;

/** Information of asynchronous events of type error. NVMe Base 2.0, figure 147. */
export const AsyncErrorInfo = { invalidDoorbellRegister: 0, invalidDoorbellValue: 1 } as const;

/** Namespace id that means all namespaces. */
export const NSID_ALL = 0xffff_ffff;
