/** The block layer: bios cut, merged and queued for a blk-mq driver, with a flush machine. @packageDocumentation */

export { type BfqParameters, BfqScheduler } from './bfq.ts';
export type { BioWalk } from './bio-walk.ts';
export { blkErrnoOf } from './blk-errno.ts';
export { BlkRequest, RequestList, RequestState } from './blk-request.ts';
export {
  type Blktrace,
  type BlktraceRecord,
  type BlktraceRemap,
  mergeBlktraces,
  parseBlktrace,
} from './blktrace-parser.ts';
export {
  BLKTRACE_MAGIC,
  BLKTRACE_RECORD_BYTES,
  BlktraceCategory,
  BlktraceNote,
  blkIoTrace,
} from './blktrace-record.ts';
export { countBlktraceActions, formatBlktrace, rwbsOf } from './blktrace-text.ts';
export { BlktraceWriter, type BlktraceWriterOptions, deviceNumber } from './blktrace-writer.ts';
export { ACTION_LETTERS, BlockSight } from './block-sight.ts';
export {
  DiskCounters,
  DiskStats,
  type DiskStatsOptions,
  formatDiskstats,
} from './disk-stats.ts';
export {
  type FioIolog,
  type FioIologAction,
  type FioIologEntry,
  type FioIologVersion,
  formatFioIolog,
  type ParsedFioIolog,
  parseFioIolog,
} from './fio-iolog.ts';
export { FioIologRecorder } from './fio-iolog-recorder.ts';
export { FLUSH_PENDING_NS, FlushStep, flushStepsFor } from './flush-machine.ts';
export { RESOURCE_DELAY_NS } from './hardware-queue.ts';
export { type IoScheduler, NoneScheduler, type SchedulerHost, TICK_NS } from './io-scheduler.ts';
export { KYBER_DEPTHS, KyberDomain, type KyberParameters, KyberScheduler } from './kyber.ts';
export { LatencyHistogram } from './latency-histogram.ts';
export { makeScheduler, SCHEDULER_NAMES, type SchedulerName } from './make-scheduler.ts';
export { MergeKind } from './merge-rule.ts';
export { type MqDeadlineParameters, MqDeadlineScheduler } from './mq-deadline.ts';
export { ObserverTee } from './observer-tee.ts';
export {
  MAX_CHAIN_LINKS,
  openPartition,
  type Partition,
  type PartitionScanOptions,
  type PartitionTable,
  SCAN_BUFFER_BYTES,
  scanPartitions,
} from './partition-scan.ts';
export { MAX_PLUGGED_REQUESTS, PLUG_FLUSH_BYTES } from './plug.ts';
export { checkLimits, SMALLEST_LIMIT_BYTES } from './queue-limits.ts';
export { type IoCounters, QueueStats } from './queue-stats.ts';
export { RemapDevice, type RemapDeviceOptions } from './remap-device.ts';
export { RequestQueue, type RequestQueueOptions } from './request-queue.ts';
export { LinearMap, type LowerRange, type SectorMap, StripedMap } from './sector-map.ts';
export { type BioCursor, maxSectorsAt, nextPartSectors, takePart } from './split-rule.ts';
export {
  type LowerLimits,
  type StackedLimits,
  stackLimits,
  type Topology,
  topologyOf,
} from './stack-limits.ts';
export { DEFAULT_TIMEOUT_NS } from './timeout-watch.ts';
export { ZonedDevice } from './zoned-device.ts';
