import { expect, it } from 'vitest';
import { blkStatusOfNvme } from '../../src/block-drivers/nvme-blk-status.ts';
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
