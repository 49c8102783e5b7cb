import { describe, expect, it } from 'vitest';
import { statusOfBlk, statusOfErrno, statusOfMedium } from '../../src/backends/status-maps.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';
import { Errno } from '../../src/interfaces/file-handle.ts';
import { MediumStatus } from '../../src/interfaces/medium.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';

const nameOf = (status: TargetStatus): string =>
  Object.entries(TargetStatus).find(([, value]) => value === status)![0];

const table = <Words extends Record<string, number>>(
  words: Words,
  map: (word: Words[keyof Words]) => TargetStatus,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(words).map(([name, word]) => [name, nameOf(map(word as Words[keyof Words]))]),
  );

describe('the table of errno', () => {
  it('is this for reads', () => {
    expect(table(Errno, (errno) => statusOfErrno(errno, TargetOp.read))).toEqual({
      ok: 'good',
      io: 'mediumReadError',
      again: 'busy',
      noMemory: 'busy',
      fault: 'dataTransferError',
      busy: 'busy',
      invalid: 'invalidField',
      fileTooLarge: 'addressOutOfRange',
      noSpace: 'noSpace',
      readOnly: 'writeProtected',
      timedOut: 'communicationFailure',
      notSupported: 'unsupportedOpcode',
    });
  });

  it('says write error for an I/O error of everything else', () => {
    for (const op of [TargetOp.write, TargetOp.flush, TargetOp.unmap, TargetOp.writeZeroes]) {
      expect(statusOfErrno(Errno.io, op)).toBe(TargetStatus.mediumWriteError);
    }
  });

  it('says communication failure for a number that it does not know', () => {
    expect(statusOfErrno(123 as Errno, TargetOp.read)).toBe(TargetStatus.communicationFailure);
  });
});

describe('the table of block statuses', () => {
  it('is this for reads', () => {
    expect(table(BlkStatus, (status) => statusOfBlk(status, TargetOp.read))).toEqual({
      ok: 'good',
      notSupported: 'unsupportedOpcode',
      timeout: 'communicationFailure',
      noSpace: 'noSpace',
      transport: 'communicationFailure',
      target: 'addressOutOfRange',
      reservationConflict: 'reservationConflict',
      medium: 'mediumReadError',
      protection: 'guardCheckFailed',
      resource: 'busy',
      ioError: 'communicationFailure',
      again: 'busy',
      deviceResource: 'busy',
      zoneResource: 'busy',
      offline: 'notReady',
      aborted: 'aborted',
    });
    expect(statusOfBlk(BlkStatus.medium, TargetOp.write)).toBe(TargetStatus.mediumWriteError);
    expect(statusOfBlk(99 as BlkStatus, TargetOp.read)).toBe(TargetStatus.communicationFailure);
  });
});

describe('the table of media', () => {
  it('is this', () => {
    expect(table(MediumStatus, statusOfMedium)).toEqual({
      ok: 'good',
      readError: 'mediumReadError',
      writeError: 'mediumWriteError',
      noSpace: 'noSpace',
      memoryFault: 'dataTransferError',
    });
    expect(statusOfMedium(99 as MediumStatus)).toBe(TargetStatus.communicationFailure);
  });
});
