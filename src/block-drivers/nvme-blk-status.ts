/** What an NVMe status means for the block layer. */
import { BlkStatus } from '../interfaces/bio.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../wire/nvme-status.ts';

const TABLE: ReadonlyMap<number, BlkStatus> = new Map([
  [NvmeStatus.success, BlkStatus.ok],
  [NvmeStatus.capacityExceeded, BlkStatus.noSpace],
  [NvmeStatus.lbaOutOfRange, BlkStatus.target],
  [NvmeStatus.commandInterrupted, BlkStatus.target],
  [NvmeStatus.namespaceNotReady, BlkStatus.target],
  [NvmeStatus.invalidOpcode, BlkStatus.notSupported],
  [NvmeStatus.invalidField, BlkStatus.notSupported],
  [NvmeStatus.invalidNamespace, BlkStatus.notSupported],
  [NvmeStatus.writeFault, BlkStatus.medium],
  [NvmeStatus.unrecoveredReadError, BlkStatus.medium],
  [NvmeStatus.accessDenied, BlkStatus.medium],
  [NvmeStatus.writeToReadOnlyRange, BlkStatus.medium],
  [NvmeStatus.namespaceWriteProtected, BlkStatus.medium],
  [NvmeStatus.compareFailure, BlkStatus.medium],
  [NvmeStatus.deallocatedBlock, BlkStatus.medium],
  [NvmeStatus.guardCheckError, BlkStatus.protection],
  [NvmeStatus.applicationTagCheckError, BlkStatus.protection],
  [NvmeStatus.referenceTagCheckError, BlkStatus.protection],
  [NvmeStatus.invalidProtectionInfo, BlkStatus.protection],
  [NvmeStatus.reservationConflict, BlkStatus.reservationConflict],
  [NvmeStatus.hostPathError, BlkStatus.transport],
]);

/** The block layer's status for a status field (without phase); what is not in the table is an I/O error. */
export function blkStatusOfNvme(status: number): BlkStatus {
  return TABLE.get(status & STATUS_CODE_MASK) ?? BlkStatus.ioError;
}
