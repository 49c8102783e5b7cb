/** What a SATA status and error mean for the block layer. */
import { BlkStatus } from '../interfaces/bio.ts';
import { AtaErrorBit, AtaStatusBit } from '../wire/ata.ts';

/** Beside the statuses of the block layer: try again, a limited number of times. */
export const ATA_RETRY = -1;

/** A status of the block layer for the status and error fields of a command that failed, or {@link ATA_RETRY}. */
export function blkStatusOfAta(status: number, error: number): BlkStatus | typeof ATA_RETRY {
  // A transfer that broke on the link says nothing about the disk.
  if ((error & AtaErrorBit.interfaceCrc) !== 0) return ATA_RETRY;
  if ((error & AtaErrorBit.uncorrectable) !== 0) return BlkStatus.medium;
  if ((error & AtaErrorBit.idNotFound) !== 0) return BlkStatus.target;
  if ((status & AtaStatusBit.deviceFault) !== 0) return BlkStatus.target;
  return ATA_RETRY;
}
