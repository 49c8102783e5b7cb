/** Drivers under blk-mq: SATA, SCSI, NVMe and null_blk. @packageDocumentation */
export { ATA_RETRY, blkStatusOfAta } from './ata-blk-status.ts';
export { blkStatusOfMedium } from './medium-status.ts';
export { NullBlkDriver, type NullBlkOptions } from './null-blk-driver.ts';
export { blkStatusOfNvme, isNvmeRetryable, NVME_MAX_RETRIES } from './nvme-blk-status.ts';
export { NvmeBlockDriver, type NvmeBlockOptions } from './nvme-block-driver.ts';
export { ATA_MAX_RETRIES, SataDriver, type SataDriverOptions } from './sata-driver.ts';
export { Disposition, disposeOf } from './scsi-disposition.ts';
export {
  SCSI_BUSY_DELAY_NS,
  SCSI_MAX_RETRIES,
  SCSI_PATIENCE_NS,
  ScsiDriver,
  type ScsiDriverOptions,
} from './scsi-driver.ts';
export { type ZoneOptions, ZoneTable } from './zone-table.ts';
