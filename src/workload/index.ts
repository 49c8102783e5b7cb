/** fio job files: parsed, planned on a disk, run through a driver, and reported. @packageDocumentation */
export { type JobFile, JobFileError, type JobSection, parseJobFile } from './job-file.ts';
export { IGNORED_KEYS, JOB_KEYS, type JobKey } from './job-keys.ts';
export {
  type JsonDirection,
  type JsonJob,
  type JsonLatency,
  type JsonReport,
  jsonReport,
} from './json-report.ts';
export { countText, timeText } from './report-numbers.ts';
export { type StatusName, textReport } from './text-report.ts';
export {
  bufferBytes,
  type DiskShape,
  planWorkload,
  type VerifyPlan,
  type WorkloadPlan,
} from './workload-plan.ts';
export { isClean, type WorkloadResult } from './workload-result.ts';
export {
  type WorkloadProgress,
  WorkloadRunner,
  type WorkloadRunnerOptions,
} from './workload-runner.ts';
export type { BufferSource, SteppedExecutor, WorkloadTarget } from './workload-target.ts';
