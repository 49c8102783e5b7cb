/**
 * The statuses of the LIO core in the words of its neighbours, and back: SCSI sense (SPC-4, annex D), the block layer, errno and NVMe.
 * All tables are total. The way up from a file or a block device is the backend's own (`statusOfErrno`, `statusOfBlk`); the way to NVMe is
 * `nvmeStatusOf`.
 */
import { BlkStatus } from '../interfaces/bio.ts';
import { Errno } from '../interfaces/file-handle.ts';
import { TargetOp, TargetStatus } from '../interfaces/target.ts';
import { NvmeStatus, STATUS_CODE_MASK, STATUS_DNR } from '../wire/nvme-status.ts';
import { Asc, ScsiStatus, SenseKey } from '../wire/scsi.ts';
import { nvmeStatusOf } from './nvme/status-map.ts';

/** How a SCSI command ends: its status, and with CHECK CONDITION a sense key and `ASC << 8 | ASCQ`. */
export interface SenseReason {
  readonly status: ScsiStatus;
  readonly key: SenseKey;
  readonly asc: number;
}

const GUARD_CHECK_FAILED = 0x1001;
const APP_TAG_CHECK_FAILED = 0x1002;
const REF_TAG_CHECK_FAILED = 0x1003;
const COMMUNICATION_FAILURE = 0x0800;
const MISCOMPARE_DURING_VERIFY = 0x1d00;
const WRITE_PROTECTED = 0x2700;

const plain = (status: ScsiStatus): SenseReason => ({
  status,
  key: SenseKey.noSense,
  asc: Asc.none,
});
const check = (key: SenseKey, asc: number): SenseReason => ({
  status: ScsiStatus.checkCondition,
  key,
  asc,
});

const senses: Record<TargetStatus, SenseReason> = {
  [TargetStatus.good]: plain(ScsiStatus.good),
  [TargetStatus.nonExistentLun]: check(SenseKey.illegalRequest, Asc.lunNotSupported),
  [TargetStatus.unsupportedOpcode]: check(SenseKey.illegalRequest, Asc.invalidOpcode),
  [TargetStatus.invalidField]: check(SenseKey.illegalRequest, Asc.invalidFieldInCdb),
  [TargetStatus.addressOutOfRange]: check(SenseKey.illegalRequest, Asc.lbaOutOfRange),
  [TargetStatus.writeProtected]: check(SenseKey.dataProtect, WRITE_PROTECTED),
  [TargetStatus.communicationFailure]: check(SenseKey.notReady, COMMUNICATION_FAILURE),
  [TargetStatus.mediumReadError]: check(SenseKey.mediumError, Asc.unrecoveredReadError),
  [TargetStatus.mediumWriteError]: check(SenseKey.mediumError, Asc.writeError),
  [TargetStatus.noSpace]: check(SenseKey.dataProtect, Asc.spaceAllocationFailed),
  [TargetStatus.busy]: plain(ScsiStatus.busy),
  [TargetStatus.aborted]: plain(ScsiStatus.taskAborted),
  [TargetStatus.reservationConflict]: plain(ScsiStatus.reservationConflict),
  [TargetStatus.miscompare]: check(SenseKey.miscompare, MISCOMPARE_DURING_VERIFY),
  [TargetStatus.guardCheckFailed]: check(SenseKey.abortedCommand, GUARD_CHECK_FAILED),
  [TargetStatus.appTagCheckFailed]: check(SenseKey.abortedCommand, APP_TAG_CHECK_FAILED),
  [TargetStatus.refTagCheckFailed]: check(SenseKey.abortedCommand, REF_TAG_CHECK_FAILED),
  [TargetStatus.notReady]: check(SenseKey.notReady, Asc.becomingReady),
  [TargetStatus.dataTransferError]: check(SenseKey.abortedCommand, Asc.dataPhaseError),
};

/** What a sense key means where its additional code has no word of its own. */
const ofKey: Record<SenseKey, TargetStatus> = {
  [SenseKey.noSense]: TargetStatus.good,
  [SenseKey.recoveredError]: TargetStatus.good,
  [SenseKey.notReady]: TargetStatus.notReady,
  [SenseKey.mediumError]: TargetStatus.mediumReadError,
  [SenseKey.hardwareError]: TargetStatus.communicationFailure,
  [SenseKey.illegalRequest]: TargetStatus.invalidField,
  [SenseKey.unitAttention]: TargetStatus.busy,
  [SenseKey.dataProtect]: TargetStatus.writeProtected,
  [SenseKey.blankCheck]: TargetStatus.mediumReadError,
  [SenseKey.copyAborted]: TargetStatus.aborted,
  [SenseKey.abortedCommand]: TargetStatus.aborted,
  [SenseKey.volumeOverflow]: TargetStatus.noSpace,
  [SenseKey.miscompare]: TargetStatus.miscompare,
};

const blkStatuses: Record<TargetStatus, BlkStatus> = {
  [TargetStatus.good]: BlkStatus.ok,
  [TargetStatus.nonExistentLun]: BlkStatus.transport,
  [TargetStatus.unsupportedOpcode]: BlkStatus.notSupported,
  [TargetStatus.invalidField]: BlkStatus.notSupported,
  [TargetStatus.addressOutOfRange]: BlkStatus.target,
  [TargetStatus.writeProtected]: BlkStatus.target,
  [TargetStatus.communicationFailure]: BlkStatus.transport,
  [TargetStatus.mediumReadError]: BlkStatus.medium,
  [TargetStatus.mediumWriteError]: BlkStatus.medium,
  [TargetStatus.noSpace]: BlkStatus.noSpace,
  [TargetStatus.busy]: BlkStatus.resource,
  [TargetStatus.aborted]: BlkStatus.aborted,
  [TargetStatus.reservationConflict]: BlkStatus.reservationConflict,
  [TargetStatus.miscompare]: BlkStatus.ioError,
  [TargetStatus.guardCheckFailed]: BlkStatus.protection,
  [TargetStatus.appTagCheckFailed]: BlkStatus.protection,
  [TargetStatus.refTagCheckFailed]: BlkStatus.protection,
  [TargetStatus.notReady]: BlkStatus.offline,
  [TargetStatus.dataTransferError]: BlkStatus.ioError,
};

const errnos: Record<TargetStatus, Errno> = {
  [TargetStatus.good]: Errno.ok,
  [TargetStatus.nonExistentLun]: Errno.io,
  [TargetStatus.unsupportedOpcode]: Errno.notSupported,
  [TargetStatus.invalidField]: Errno.invalid,
  [TargetStatus.addressOutOfRange]: Errno.fileTooLarge,
  [TargetStatus.writeProtected]: Errno.readOnly,
  [TargetStatus.communicationFailure]: Errno.timedOut,
  [TargetStatus.mediumReadError]: Errno.io,
  [TargetStatus.mediumWriteError]: Errno.io,
  [TargetStatus.noSpace]: Errno.noSpace,
  [TargetStatus.busy]: Errno.busy,
  [TargetStatus.aborted]: Errno.io,
  [TargetStatus.reservationConflict]: Errno.io,
  [TargetStatus.miscompare]: Errno.io,
  [TargetStatus.guardCheckFailed]: Errno.io,
  [TargetStatus.appTagCheckFailed]: Errno.io,
  [TargetStatus.refTagCheckFailed]: Errno.io,
  [TargetStatus.notReady]: Errno.again,
  [TargetStatus.dataTransferError]: Errno.fault,
};

const ofNvme = new Map<number, TargetStatus>([
  ...Object.values(TargetStatus).map(
    (status) => [nvmeStatusOf(status) & STATUS_CODE_MASK, status] as const,
  ),
  [NvmeStatus.abortedSqDeletion, TargetStatus.aborted],
  [NvmeStatus.abortedPreempt, TargetStatus.aborted],
  [NvmeStatus.abortedFailedFused, TargetStatus.aborted],
  [NvmeStatus.abortedMissingFused, TargetStatus.aborted],
  [NvmeStatus.abortedByHost, TargetStatus.aborted],
  [NvmeStatus.formatInProgress, TargetStatus.notReady],
  [NvmeStatus.sanitizeInProgress, TargetStatus.notReady],
  [NvmeStatus.anaInaccessible, TargetStatus.notReady],
  [NvmeStatus.anaTransition, TargetStatus.notReady],
  [NvmeStatus.writeToReadOnlyRange, TargetStatus.writeProtected],
  [NvmeStatus.accessDenied, TargetStatus.writeProtected],
  [NvmeStatus.deallocatedBlock, TargetStatus.mediumReadError],
]);

/** The sense of a command that the LIO core ended with `status`. */
export function senseOf(status: TargetStatus): SenseReason {
  return senses[status] ?? senses[TargetStatus.communicationFailure];
}

/** What a SCSI ending means to the LIO core. Any numbers may be asked about. */
export function statusOfSense(status: number, key: number, asc: number): TargetStatus {
  const isCheck = status === ScsiStatus.checkCondition;
  for (const word of Object.values(TargetStatus)) {
    const sense = senses[word];
    if (sense.status !== status) continue;
    if (!isCheck || (sense.key === key && sense.asc === asc)) return word;
  }
  if (!isCheck) return TargetStatus.communicationFailure;
  return ofKey[key as SenseKey] ?? TargetStatus.communicationFailure;
}

/** The status of the block layer for what the LIO core ended with `status`. */
export function blkStatusOf(status: TargetStatus): BlkStatus {
  return blkStatuses[status] ?? BlkStatus.ioError;
}

/** The errno for what the LIO core ended with `status`. */
export function errnoOf(status: TargetStatus): Errno {
  return errnos[status] ?? Errno.io;
}

/** What an NVMe status field, of any value, means to the LIO core; one without a word of its own goes by its type. */
export function statusOfNvme(field: number): TargetStatus {
  const code = field & STATUS_CODE_MASK;
  const found = ofNvme.get(code);
  if (found !== undefined) return found;
  // Generic and command specific: the command was wrong. Media and path: the unit was.
  return code < 0x200 ? TargetStatus.invalidField : TargetStatus.communicationFailure;
}

/**
 * The NVMe status field that Linux's own NVMe target answers with when the block layer ended a command with `status`: a lossy mapping, in
 * which a medium error is Access Denied and all without a word is Internal Error.
 */
export function nvmetStatusOf(status: BlkStatus, op: TargetOp): number {
  switch (status) {
    case BlkStatus.ok:
      return NvmeStatus.success;
    case BlkStatus.noSpace:
      return NvmeStatus.capacityExceeded | STATUS_DNR;
    case BlkStatus.target:
      return NvmeStatus.lbaOutOfRange | STATUS_DNR;
    case BlkStatus.notSupported: {
      // 1/83h is what the kernel calls "ONCS not supported".
      const isOptional = op === TargetOp.unmap || op === TargetOp.writeZeroes;
      return (
        (isOptional ? NvmeStatus.commandSizeLimitExceeded : NvmeStatus.invalidOpcode) | STATUS_DNR
      );
    }
    case BlkStatus.medium:
      return NvmeStatus.accessDenied;
    default:
      return NvmeStatus.internalError | STATUS_DNR;
  }
}
