/** Status codes of completions. NVMe Base 2.0, 3.3.3.2.1; NVM Command Set 1.0, 3.1; Zoned Namespaces 1.1, 3.1. */

/** Status values as SC | SCT << 8, without phase, CRD, More and DNR. */
export const NvmeStatus = {
  success: 0x000,
  invalidOpcode: 0x001,
  invalidField: 0x002,
  commandIdConflict: 0x003,
  dataTransferError: 0x004,
  abortedPowerLoss: 0x005,
  internalError: 0x006,
  abortRequested: 0x007,
  abortedSqDeletion: 0x008,
  abortedFailedFused: 0x009,
  abortedMissingFused: 0x00a,
  invalidNamespace: 0x00b,
  commandSequenceError: 0x00c,
  invalidSglSegment: 0x00d,
  invalidSglCount: 0x00e,
  invalidDataSglLength: 0x00f,
  invalidMetadataSglLength: 0x010,
  invalidSglType: 0x011,
  invalidCmbUse: 0x012,
  invalidPrpOffset: 0x013,
  atomicWriteUnitExceeded: 0x014,
  operationDenied: 0x015,
  invalidSglOffset: 0x016,
  hostIdInconsistent: 0x018,
  keepAliveExpired: 0x019,
  invalidKeepAliveTimeout: 0x01a,
  abortedPreempt: 0x01b,
  sanitizeFailed: 0x01c,
  sanitizeInProgress: 0x01d,
  invalidSglGranularity: 0x01e,
  namespaceWriteProtected: 0x020,
  commandInterrupted: 0x021,
  transientTransportError: 0x022,
  lbaOutOfRange: 0x080,
  capacityExceeded: 0x081,
  namespaceNotReady: 0x082,
  reservationConflict: 0x083,
  formatInProgress: 0x084,
  completionQueueInvalid: 0x100,
  invalidQueueId: 0x101,
  invalidQueueSize: 0x102,
  abortLimitExceeded: 0x103,
  asyncEventLimitExceeded: 0x105,
  invalidFirmwareSlot: 0x106,
  invalidFirmwareImage: 0x107,
  invalidInterruptVector: 0x108,
  invalidLogPage: 0x109,
  invalidFormat: 0x10a,
  firmwareNeedsReset: 0x10b,
  invalidQueueDeletion: 0x10c,
  featureNotSaveable: 0x10d,
  featureNotChangeable: 0x10e,
  featureNotNamespaceSpecific: 0x10f,
  firmwareNeedsSubsystemReset: 0x110,
  firmwareNeedsControllerReset: 0x111,
  firmwareNeedsMaxTime: 0x112,
  firmwareActivationProhibited: 0x113,
  overlappingRange: 0x114,
  insufficientCapacity: 0x115,
  namespaceIdUnavailable: 0x116,
  namespaceAlreadyAttached: 0x118,
  namespacePrivate: 0x119,
  namespaceNotAttached: 0x11a,
  thinProvisioningUnsupported: 0x11b,
  invalidControllerList: 0x11c,
  selfTestInProgress: 0x11d,
  commandSetRejected: 0x12b,
  conflictingAttributes: 0x180,
  invalidProtectionInfo: 0x181,
  writeToReadOnlyRange: 0x182,
  commandSizeLimitExceeded: 0x183,
  incompatibleFormat: 0x185,
  invalidZoneOperation: 0x1b6,
  zrwaUnavailable: 0x1b7,
  zoneBoundaryError: 0x1b8,
  zoneFull: 0x1b9,
  zoneReadOnly: 0x1ba,
  zoneOffline: 0x1bb,
  zoneInvalidWrite: 0x1bc,
  tooManyActiveZones: 0x1bd,
  tooManyOpenZones: 0x1be,
  invalidZoneTransition: 0x1bf,
  writeFault: 0x280,
  unrecoveredReadError: 0x281,
  guardCheckError: 0x282,
  applicationTagCheckError: 0x283,
  referenceTagCheckError: 0x284,
  compareFailure: 0x285,
  accessDenied: 0x286,
  deallocatedBlock: 0x287,
  internalPathError: 0x300,
  anaPersistentLoss: 0x301,
  anaInaccessible: 0x302,
  anaTransition: 0x303,
  controllerPathError: 0x360,
  hostPathError: 0x370,
  abortedByHost: 0x371,
} as const;

/** One of {@link NvmeStatus}. */
export type NvmeStatus = (typeof NvmeStatus)[keyof typeof NvmeStatus];

/** SC and SCT of a status field. */
export const STATUS_CODE_MASK = 0x7ff;
/** More: the error log has an entry about this command. */
export const STATUS_MORE = 0x2000;
/** Do Not Retry: the same command fails again. */
export const STATUS_DNR = 0x4000;

const names = new Map<number, string>(
  Object.entries(NvmeStatus).map(([name, code]) => [code, name]),
);

/** A status field as text, such as `invalidField (0/02h)`; codes without a name are shown as numbers. */
export function nvmeStatusName(status: number): string {
  const code = status & STATUS_CODE_MASK;
  const numbers = `${code >> 8}/${(code & 0xff).toString(16).padStart(2, '0')}h`;
  const name = names.get(code);
  return name === undefined ? numbers : `${name} (${numbers})`;
}
