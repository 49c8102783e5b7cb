import { describe, expect, it } from 'vitest';
import { statusOfBlk, statusOfErrno } from '../../src/backends/status-maps.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';
import { Errno } from '../../src/interfaces/file-handle.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { nvmeStatusOf } from '../../src/target/nvme/status-map.ts';
import {
  blkStatusOf,
  errnoOf,
  nvmetStatusOf,
  senseOf,
  statusOfNvme,
  statusOfSense,
} from '../../src/target/status-words.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';
import { ScsiStatus, SenseKey } from '../../src/wire/scsi.ts';

const all = Object.values(TargetStatus);
const { read, write } = TargetOp;

/** What comes back of each status after a way there and back, where it is another. */
function changed(back: (status: TargetStatus) => TargetStatus): string[] {
  const names = Object.keys(TargetStatus);
  return all
    .filter((status) => back(status) !== status)
    .map((status) => `${names[status]} ${names[back(status)]}`);
}

/** The operation that a status is about. */
const opOf = (status: TargetStatus) => (status === TargetStatus.mediumReadError ? read : write);

describe('the words of the LIO core', () => {
  it('come back from sense and from NVMe as they went', () => {
    const bySense = changed((status) => {
      const { status: scsi, key, asc } = senseOf(status);
      return statusOfSense(scsi, key, asc);
    });
    expect(bySense).toEqual([]);
    expect(changed((status) => statusOfNvme(nvmeStatusOf(status)))).toEqual([]);
  });

  it('lose what the block layer has no word for, and nothing else', () => {
    expect(changed((status) => statusOfBlk(blkStatusOf(status), opOf(status)))).toEqual([
      'nonExistentLun communicationFailure',
      'invalidField unsupportedOpcode',
      'writeProtected addressOutOfRange',
      'miscompare communicationFailure',
      'appTagCheckFailed guardCheckFailed',
      'refTagCheckFailed guardCheckFailed',
      'dataTransferError communicationFailure',
    ]);
  });

  it('lose what errno has no word for, and nothing else', () => {
    expect(changed((status) => statusOfErrno(errnoOf(status), opOf(status)))).toEqual([
      'nonExistentLun mediumWriteError',
      'aborted mediumWriteError',
      'reservationConflict mediumWriteError',
      'miscompare mediumWriteError',
      'guardCheckFailed mediumWriteError',
      'appTagCheckFailed mediumWriteError',
      'refTagCheckFailed mediumWriteError',
      'notReady busy',
    ]);
  });

  it('have an answer for every number', () => {
    for (let field = 0; field < 0x800; field++) expect(all).toContain(statusOfNvme(field));
    for (let status = 0; status < 256; status++) {
      for (let key = 0; key < 16; key++) expect(all).toContain(statusOfSense(status, key, 0x7777));
    }
    const unknown = 99 as TargetStatus;
    expect(senseOf(unknown)).toEqual(senseOf(TargetStatus.communicationFailure));
    expect([blkStatusOf(unknown), errnoOf(unknown)]).toEqual([BlkStatus.ioError, Errno.io]);
  });

  it('take an unknown additional code by its key, and never for good where something failed', () => {
    const check = ScsiStatus.checkCondition;
    for (const key of Object.values(SenseKey)) {
      const isGood = statusOfSense(check, key, 0x7777) === TargetStatus.good;
      expect(isGood).toBe(key === SenseKey.noSense || key === SenseKey.recoveredError);
    }
    for (let field = 1; field < 0x800; field++) expect(statusOfNvme(field)).not.toBe(0);
  });
});

describe('nvmetStatusOf', () => {
  it('is the lossy mapping of the kernel', () => {
    const expected: Record<BlkStatus, number> = {
      ...(Object.fromEntries(
        Object.values(BlkStatus).map((each) => [each, NvmeStatus.internalError | STATUS_DNR]),
      ) as Record<BlkStatus, number>),
      [BlkStatus.ok]: 0,
      [BlkStatus.notSupported]: NvmeStatus.invalidOpcode | STATUS_DNR,
      [BlkStatus.noSpace]: NvmeStatus.capacityExceeded | STATUS_DNR,
      [BlkStatus.target]: NvmeStatus.lbaOutOfRange | STATUS_DNR,
      [BlkStatus.medium]: NvmeStatus.accessDenied,
    };
    for (const status of Object.values(BlkStatus)) {
      expect(nvmetStatusOf(status, read)).toBe(expected[status]);
    }
    for (const op of [TargetOp.unmap, TargetOp.writeZeroes]) {
      expect(nvmetStatusOf(BlkStatus.notSupported, op)).toBe(0x183 | STATUS_DNR);
    }
  });

  it('differs from the strict way on a failed medium', () => {
    const strict = nvmeStatusOf(statusOfBlk(BlkStatus.medium, read));
    expect(strict).toBe(NvmeStatus.unrecoveredReadError | STATUS_DNR);
    expect(nvmetStatusOf(BlkStatus.medium, read)).toBe(0x286);
  });
});
