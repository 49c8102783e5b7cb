/** What hangs off the wire: media with a volatile cache, latency profiles, disks. @packageDocumentation */
export type { AtaTrim } from './ata-command.ts';
export { AtaDisk, type AtaDiskOptions } from './ata-disk.ts';
export { DiskLatency, type DiskLatencyOptions } from './disk-latency.ts';
export { ExponentialLatency, type ExponentialLatencyOptions } from './exponential-latency.ts';
export { FixedLatency, type FixedLatencyOptions } from './fixed-latency.ts';
export { ScsiDisk, type ScsiDiskOptions } from './scsi-disk.ts';
export type { ScsiProvisioning } from './scsi-parameters.ts';
export { MAX_MEDIUM_BYTES, SparseMedium, type SparseMediumOptions } from './sparse-medium.ts';
export { SsdLatency, type SsdLatencyOptions } from './ssd-latency.ts';
