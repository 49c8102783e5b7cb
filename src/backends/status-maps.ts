/** How the words of files, block devices and media become those of the LIO core: total tables. */
import { BlkStatus } from '../interfaces/bio.ts';
import { Errno } from '../interfaces/file-handle.ts';
import { MediumStatus } from '../interfaces/medium.ts';
import { TargetOp, TargetStatus } from '../interfaces/target.ts';

/** Stands in the tables for a failure of the medium, which reads and writes have a word of their own for. */
const MEDIUM = -1;

const ofErrno: Record<Errno, TargetStatus | typeof MEDIUM> = {
  [Errno.ok]: TargetStatus.good,
  [Errno.io]: MEDIUM,
  [Errno.again]: TargetStatus.busy,
  [Errno.noMemory]: TargetStatus.busy,
  [Errno.fault]: TargetStatus.dataTransferError,
  [Errno.busy]: TargetStatus.busy,
  [Errno.invalid]: TargetStatus.invalidField,
  [Errno.fileTooLarge]: TargetStatus.addressOutOfRange,
  [Errno.noSpace]: TargetStatus.noSpace,
  [Errno.readOnly]: TargetStatus.writeProtected,
  [Errno.timedOut]: TargetStatus.communicationFailure,
  [Errno.notSupported]: TargetStatus.unsupportedOpcode,
};

const ofBlkStatus: Record<BlkStatus, TargetStatus | typeof MEDIUM> = {
  [BlkStatus.ok]: TargetStatus.good,
  [BlkStatus.notSupported]: TargetStatus.unsupportedOpcode,
  [BlkStatus.timeout]: TargetStatus.communicationFailure,
  [BlkStatus.noSpace]: TargetStatus.noSpace,
  [BlkStatus.transport]: TargetStatus.communicationFailure,
  [BlkStatus.target]: TargetStatus.addressOutOfRange,
  [BlkStatus.reservationConflict]: TargetStatus.reservationConflict,
  [BlkStatus.medium]: MEDIUM,
  [BlkStatus.protection]: TargetStatus.guardCheckFailed,
  [BlkStatus.resource]: TargetStatus.busy,
  [BlkStatus.ioError]: TargetStatus.communicationFailure,
  [BlkStatus.again]: TargetStatus.busy,
  [BlkStatus.deviceResource]: TargetStatus.busy,
  [BlkStatus.zoneResource]: TargetStatus.busy,
  [BlkStatus.offline]: TargetStatus.notReady,
  [BlkStatus.aborted]: TargetStatus.aborted,
};

const ofMedium: Record<MediumStatus, TargetStatus> = {
  [MediumStatus.ok]: TargetStatus.good,
  [MediumStatus.readError]: TargetStatus.mediumReadError,
  [MediumStatus.writeError]: TargetStatus.mediumWriteError,
  [MediumStatus.noSpace]: TargetStatus.noSpace,
  [MediumStatus.memoryFault]: TargetStatus.dataTransferError,
};

/** An errno in the words of the LIO core, for a command that did `op`. */
export function statusOfErrno(errno: Errno, op: TargetOp): TargetStatus {
  return named(ofErrno[errno], op);
}

/** A block status in the words of the LIO core, for a command that did `op`. */
export function statusOfBlk(status: BlkStatus, op: TargetOp): TargetStatus {
  return named(ofBlkStatus[status], op);
}

/** A medium's status in the words of the LIO core. */
export function statusOfMedium(status: MediumStatus): TargetStatus {
  return ofMedium[status] ?? TargetStatus.communicationFailure;
}

function named(status: TargetStatus | typeof MEDIUM | undefined, op: TargetOp): TargetStatus {
  if (status === MEDIUM) {
    return op === TargetOp.read ? TargetStatus.mediumReadError : TargetStatus.mediumWriteError;
  }
  return status ?? TargetStatus.communicationFailure;
}
