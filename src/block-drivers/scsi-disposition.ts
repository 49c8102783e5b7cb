/**
 * What becomes of a SCSI command that ended: done, tried again, failed with a status of the block layer, or a case for the error
 * handler. After Linux's scsi_check_sense, over the keys of SPC-4, 4.5.6.
 */
import { BlkStatus } from '../interfaces/bio.ts';
import type { ScsiTask } from '../interfaces/scsi-task.ts';
import { Asc, ascOf, ScsiStatus, SenseKey, senseKeyOf } from '../wire/scsi.ts';

/** Beside the statuses of the block layer: try again. */
export const Disposition = {
  /** Try again at once, a limited number of times; when they are used up it is an I/O error. */
  retry: -1,
  /** The device is busy: try again after a while, as long as the command's patience lasts. */
  retryLater: -2,
  /** Nothing follows from it: the error handler sees to the device. */
  fail: -3,
} as const;
/** A {@link BlkStatus}, or one of {@link Disposition}. */
export type Disposition = BlkStatus | (typeof Disposition)[keyof typeof Disposition];

/** Decides by the SAM status and the sense data of a task; total over any of them. */
export function disposeOf(task: ScsiTask): Disposition {
  switch (task.status) {
    case ScsiStatus.good:
    case ScsiStatus.conditionMet:
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
      return Disposition.fail;
  }
}

function disposeOfSense(key: number, asc: number): Disposition {
  switch (key) {
    case SenseKey.noSense:
    case SenseKey.recoveredError:
      return BlkStatus.ok;
    case SenseKey.notReady:
      return isBecomingReady(asc) ? Disposition.retryLater : BlkStatus.ioError;
    case SenseKey.mediumError:
      // The read that failed will fail again: unrecovered read, address mark, record not found.
      return isLostSector(asc >>> 8) ? BlkStatus.medium : Disposition.retry;
    case SenseKey.dataProtect:
      return asc === Asc.spaceAllocationFailed ? BlkStatus.noSpace : BlkStatus.target;
    case SenseKey.abortedCommand:
      return asc >>> 8 === PROTECTION_ASC ? BlkStatus.protection : Disposition.retry;
    case SenseKey.illegalRequest:
      if (asc >>> 8 === PROTECTION_ASC) return BlkStatus.protection;
      return ILLEGAL_FOR_GOOD.has(asc >>> 8) ? BlkStatus.target : BlkStatus.ioError;
    case SenseKey.unitAttention:
      return Disposition.retry;
    case SenseKey.hardwareError:
    case SenseKey.blankCheck:
    case SenseKey.copyAborted:
    case SenseKey.volumeOverflow:
    case SenseKey.miscompare:
      return BlkStatus.target;
    case NO_SENSE_DATA:
      return Disposition.fail;
    default:
      return BlkStatus.ioError;
  }
}

/** What `senseKeyOf` answers when a CHECK CONDITION came without sense data. */
const NO_SENSE_DATA = -1;
/** The group of codes for protection information. */
const PROTECTION_ASC = 0x10;
/** Operation code, LBA, function, field in the CDB, field in the parameter list, write protected: the unit will never take it. */
const ILLEGAL_FOR_GOOD: ReadonlySet<number> = new Set([0x20, 0x21, 0x22, 0x24, 0x26, 0x27]);
/** ASCQs of NOT READY 04h that pass by themselves: becoming ready, format, rebuild, self-test, write and space work in progress. */
const PASSING: ReadonlySet<number> = new Set([
  0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x11, 0x14, 0x1a, 0x1b, 0x1d, 0x24,
]);

function isBecomingReady(asc: number): boolean {
  return asc >>> 8 === 0x04 && PASSING.has(asc & 0xff);
}

function isLostSector(asc: number): boolean {
  return asc === 0x11 || asc === 0x13 || asc === 0x14;
}
