/** How the words of the LIO core become NVMe status fields: one total table, and when a host may try again. */
import { TargetStatus } from '../../interfaces/target.ts';
import { NvmeStatus, STATUS_DNR } from '../../wire/nvme-status.ts';

const table: Record<TargetStatus, number> = {
  [TargetStatus.good]: NvmeStatus.success,
  [TargetStatus.nonExistentLun]: NvmeStatus.invalidNamespace,
  [TargetStatus.unsupportedOpcode]: NvmeStatus.invalidOpcode,
  [TargetStatus.invalidField]: NvmeStatus.invalidField,
  [TargetStatus.addressOutOfRange]: NvmeStatus.lbaOutOfRange,
  [TargetStatus.writeProtected]: NvmeStatus.namespaceWriteProtected,
  [TargetStatus.communicationFailure]: NvmeStatus.internalError,
  [TargetStatus.mediumReadError]: NvmeStatus.unrecoveredReadError,
  [TargetStatus.mediumWriteError]: NvmeStatus.writeFault,
  [TargetStatus.noSpace]: NvmeStatus.capacityExceeded,
  [TargetStatus.busy]: NvmeStatus.commandInterrupted,
  [TargetStatus.aborted]: NvmeStatus.abortRequested,
  [TargetStatus.reservationConflict]: NvmeStatus.reservationConflict,
  [TargetStatus.miscompare]: NvmeStatus.compareFailure,
  [TargetStatus.guardCheckFailed]: NvmeStatus.guardCheckError,
  [TargetStatus.appTagCheckFailed]: NvmeStatus.applicationTagCheckError,
  [TargetStatus.refTagCheckFailed]: NvmeStatus.referenceTagCheckError,
  [TargetStatus.notReady]: NvmeStatus.namespaceNotReady,
  [TargetStatus.dataTransferError]: NvmeStatus.dataTransferError,
};

const withDnr = new Uint16Array(Object.keys(table).length);
for (const status of Object.values(TargetStatus)) withDnr[status] = withRetryRule(table[status]);

/** The NVMe status field of a command that the LIO core ended with `status`; an unknown word is Internal Error. */
export function nvmeStatusOf(status: TargetStatus): number {
  return withDnr[status] ?? NvmeStatus.internalError | STATUS_DNR;
}

/** Adds Do Not Retry where trying the same command again is in vain. */
export function withRetryRule(code: number): number {
  switch (code) {
    case NvmeStatus.success:
    case NvmeStatus.abortRequested:
    case NvmeStatus.commandInterrupted:
    case NvmeStatus.namespaceNotReady:
      return code;
    default:
      return code | STATUS_DNR;
  }
}
