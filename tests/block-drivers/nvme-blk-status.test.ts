import { expect, it } from 'vitest';
import { blkStatusOfNvme, isNvmeRetryable } from '../../src/block-drivers/nvme-blk-status.ts';
import { NvmeStatus, STATUS_DNR, STATUS_MORE } from '../../src/wire/nvme-status.ts';
import { nameOfStatus } from './statuses.ts';

it.each([
  ['success', 'ok'],
  ['invalidOpcode', 'notSupported'],
  ['invalidField', 'notSupported'],
  ['commandIdConflict', 'ioError'],
  ['dataTransferError', 'ioError'],
  ['internalError', 'ioError'],
  ['invalidNamespace', 'notSupported'],
  ['namespaceWriteProtected', 'medium'],
  ['commandInterrupted', 'target'],
  ['lbaOutOfRange', 'target'],
  ['capacityExceeded', 'noSpace'],
  ['namespaceNotReady', 'target'],
  ['reservationConflict', 'reservationConflict'],
  ['writeFault', 'medium'],
  ['unrecoveredReadError', 'medium'],
  ['guardCheckError', 'protection'],
  ['compareFailure', 'medium'],
  ['deallocatedBlock', 'medium'],
  ['invalidProtectionInfo', 'protection'],
] as const)('%s is %s', (name, status) => {
  expect(nameOfStatus(blkStatusOfNvme(NvmeStatus[name] | STATUS_DNR | STATUS_MORE))).toBe(status);
});

it('is worth another try unless it says not to', () => {
  expect(isNvmeRetryable(NvmeStatus.success)).toBe(false);
  expect(isNvmeRetryable(NvmeStatus.abortRequested)).toBe(true);
  expect(isNvmeRetryable(NvmeStatus.abortRequested | STATUS_DNR)).toBe(false);
});
