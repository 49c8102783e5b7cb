/** The block layer: bios cut, merged and queued for a blk-mq driver, with a flush machine. @packageDocumentation */
export { BlkRequest, RequestList, RequestState } from './blk-request.ts';
export { ACTION_LETTERS, BlockSight } from './block-sight.ts';
export { FLUSH_PENDING_NS, FlushStep, flushStepsFor } from './flush-machine.ts';
export { RESOURCE_DELAY_NS } from './hardware-queue.ts';
export { type IoScheduler, NoneScheduler, type SchedulerHost, TICK_NS } from './io-scheduler.ts';
export { KYBER_DEPTHS, KyberDomain, type KyberParameters, KyberScheduler } from './kyber.ts';
export { makeScheduler, SCHEDULER_NAMES, type SchedulerName } from './make-scheduler.ts';
export { type MqDeadlineParameters, MqDeadlineScheduler } from './mq-deadline.ts';
export { checkLimits, SMALLEST_LIMIT_BYTES } from './queue-limits.ts';
export { type IoCounters, QueueStats } from './queue-stats.ts';
export {
  MAX_PLUGGED_REQUESTS,
  PLUG_FLUSH_BYTES,
  RequestQueue,
  type RequestQueueOptions,
} from './request-queue.ts';
export { type BioCursor, maxSectorsAt, nextPartSectors, takePart } from './split-rule.ts';
export { DEFAULT_TIMEOUT_NS } from './timeout-watch.ts';
