/** What hangs off the wire: media with a volatile cache, latency profiles, disks. @packageDocumentation */
export { AtaDisk, type AtaDiskOptions } from './ata-disk.ts';
export { DiskLatency, type DiskLatencyOptions } from './disk-latency.ts';
export { FixedLatency, type FixedLatencyOptions } from './fixed-latency.ts';
export { ScsiDisk, type ScsiDiskOptions } from './scsi-disk.ts';
export { MAX_MEDIUM_BYTES, SparseMedium, type SparseMediumOptions } from './sparse-medium.ts';
export { SsdLatency, type SsdLatencyOptions } from './ssd-latency.ts';
