import { describe, expect, it } from 'vitest';
import { TargetStatus } from '../../../src/interfaces/target.ts';
import { nvmeStatusOf, withRetryRule } from '../../../src/target/nvme/status-map.ts';
import { NvmeStatus, STATUS_DNR } from '../../../src/wire/nvme-status.ts';

/** SCT, SC and DNR of each word, by hand from the error classes of the specification. */
const table: Record<keyof typeof TargetStatus, [number, number, boolean]> = {
  good: [0, 0x00, false],
  nonExistentLun: [0, 0x0b, true],
  unsupportedOpcode: [0, 0x01, true],
  invalidField: [0, 0x02, true],
  addressOutOfRange: [0, 0x80, true],
  writeProtected: [0, 0x20, true],
  communicationFailure: [0, 0x06, true],
  mediumReadError: [2, 0x81, true],
  mediumWriteError: [2, 0x80, true],
  noSpace: [0, 0x81, true],
  busy: [0, 0x21, false],
  aborted: [0, 0x07, false],
  reservationConflict: [0, 0x83, true],
  miscompare: [2, 0x85, true],
  guardCheckFailed: [2, 0x82, true],
  appTagCheckFailed: [2, 0x83, true],
  refTagCheckFailed: [2, 0x84, true],
  notReady: [0, 0x82, false],
  dataTransferError: [0, 0x04, true],
};

describe('nvmeStatusOf', () => {
  it.each(Object.entries(TargetStatus))('says what %s is', (name, status) => {
    const [sct, sc, dnr] = table[name as keyof typeof TargetStatus];
    expect(nvmeStatusOf(status)).toBe((sct << 8) | sc | (dnr ? STATUS_DNR : 0));
  });

  it('says Internal Error for a word that it does not know', () => {
    expect(nvmeStatusOf(77 as TargetStatus)).toBe(NvmeStatus.internalError | STATUS_DNR);
  });
});

describe('withRetryRule', () => {
  it('lets a host try again after exactly these', () => {
    const again = Object.entries(NvmeStatus)
      .filter(([, code]) => withRetryRule(code) === code)
      .map(([name]) => name);
    expect(again).toEqual(['success', 'abortRequested', 'commandInterrupted', 'namespaceNotReady']);
  });
});
