/** What becomes of a SCSI command that ended: done, tried again, or failed with a status of the block layer. */
import { BlkStatus } from '../interfaces/bio.ts';
import type { ScsiTask } from '../interfaces/scsi-task.ts';
import { Asc, ascOf, ScsiStatus, SenseKey, senseKeyOf } from '../wire/scsi.ts';

/** Beside the statuses of the block layer: try again. */
export const Disposition = {
  /** Try again at once, a limited number of times; when they are used up it is an I/O error. */
  retry: -1,
  /** The device is busy: try again after a while, as long as the command's patience lasts. */
  retryLater: -2,
} as const;
/** A {@link BlkStatus}, or one of {@link Disposition}. */
export type Disposition = BlkStatus | (typeof Disposition)[keyof typeof Disposition];

/** Decides by the SAM status and the sense data of a task. */
export function disposeOf(task: ScsiTask): Disposition {
  switch (task.status) {
    case ScsiStatus.good:
      return BlkStatus.ok;
    case ScsiStatus.checkCondition:
      return disposeOfSense(
        senseKeyOf(task.sense, task.senseLength),
        ascOf(task.sense, task.senseLength),
      );
    case ScsiStatus.busy:
    case ScsiStatus.taskSetFull:
      return Disposition.retryLater;
    case ScsiStatus.reservationConflict:
      return BlkStatus.reservationConflict;
    case ScsiStatus.taskAborted:
      return Disposition.retry;
    default:
      return BlkStatus.ioError;
  }
}

function disposeOfSense(key: number, asc: number): Disposition {
  switch (key) {
    case SenseKey.noSense:
    case SenseKey.recoveredError:
      return BlkStatus.ok;
    case SenseKey.notReady:
      return asc === Asc.becomingReady ? Disposition.retryLater : BlkStatus.ioError;
    case SenseKey.mediumError:
      // The read that failed will fail again: unrecovered read, address mark, record not found.
      return isLostSector(asc >>> 8) ? BlkStatus.medium : Disposition.retry;
    case SenseKey.dataProtect:
      return asc === Asc.spaceAllocationFailed ? BlkStatus.noSpace : BlkStatus.target;
    case SenseKey.abortedCommand:
      return asc >>> 8 === 0x10 ? BlkStatus.protection : Disposition.retry;
    case SenseKey.unitAttention:
      return Disposition.retry;
    case SenseKey.hardwareError:
    case SenseKey.illegalRequest:
    case SenseKey.blankCheck:
    case SenseKey.volumeOverflow:
    case SenseKey.miscompare:
      return BlkStatus.target;
    default:
      return BlkStatus.ioError;
  }
}

function isLostSector(asc: number): boolean {
  return asc === 0x11 || asc === 0x13 || asc === 0x14;
}
