/** How an access to a medium ends for the block layer. */
import { BlkStatus } from '../interfaces/bio.ts';
import { MediumStatus } from '../interfaces/medium.ts';

const TABLE: Readonly<Record<MediumStatus, BlkStatus>> = {
  [MediumStatus.ok]: BlkStatus.ok,
  [MediumStatus.readError]: BlkStatus.medium,
  [MediumStatus.writeError]: BlkStatus.medium,
  [MediumStatus.noSpace]: BlkStatus.noSpace,
  [MediumStatus.memoryFault]: BlkStatus.ioError,
};

/** The block layer's status for a medium's. */
export function blkStatusOfMedium(status: MediumStatus): BlkStatus {
  return TABLE[status];
}
