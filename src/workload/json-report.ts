/** Results as plain data for JSON, with fio's names where they apply; the guide documents the shape. */
import type { LatencyHistogram } from './latency-histogram.ts';
import { PERCENTILES } from './latency-histogram.ts';
import { accessName, type StatusName } from './text-report.ts';
import {
  type DirectionResult,
  isClean,
  type JobResult,
  type WorkloadResult,
} from './workload-result.ts';

/** Latencies in virtual nanoseconds. */
export interface JsonLatency {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly N: number;
  /** By percentage with six decimals. */
  readonly percentile: Readonly<Record<string, number>>;
}

/** One direction of one job. */
export interface JsonDirection {
  readonly io_bytes: number;
  /** Bytes per second of virtual time; 0 when none passed. */
  readonly bw_bytes: number;
  /** I/Os per second of virtual time; 0 when none passed. */
  readonly iops: number;
  /** Virtual nanoseconds (fio's `runtime` is in milliseconds, which are too long here). */
  readonly runtime_ns: number;
  readonly total_ios: number;
  readonly lat_ns: JsonLatency;
}

/** One job. */
export interface JsonJob {
  readonly jobname: string;
  readonly groupid: number;
  readonly desc: string | undefined;
  /** I/Os that ended with an error status. */
  readonly error: number;
  readonly 'job options': {
    readonly rw: string;
    readonly bs: number;
    readonly iodepth: number;
    readonly numjobs: number;
  };
  readonly read: JsonDirection;
  readonly write: JsonDirection;
  readonly verify: JsonDirection & { readonly errors: number };
  readonly sync: { readonly total_ios: number; readonly lat_ns: JsonLatency };
  /** I/Os by the name of the error status that they ended with. */
  readonly errors: Readonly<Record<string, number>>;
  readonly lost: number;
  /** The first errors, one line each. */
  readonly messages: readonly string[];
}

/** A whole run. */
export interface JsonReport {
  readonly jobs: readonly JsonJob[];
  readonly complete: boolean;
  readonly interrupted: boolean;
  readonly clean: boolean;
  readonly virtual_ns: number;
  readonly wall_ms: number;
}

/** The whole report. */
export function jsonReport(result: WorkloadResult, statusName: StatusName): JsonReport {
  return {
    jobs: result.jobs.map((job) => jsonJob(job, statusName)),
    complete: result.isComplete,
    interrupted: result.wasInterrupted,
    clean: isClean(result),
    virtual_ns: result.virtualNs,
    wall_ms: result.wallMs,
  };
}

function jsonJob(job: JobResult, statusName: StatusName): JsonJob {
  const errors = [...job.errors].map(([status, count]) => [statusName(status), count] as const);
  return {
    jobname: job.name,
    groupid: job.group,
    desc: job.description,
    error: job.errorCount,
    'job options': {
      rw: accessName(job.access),
      bs: job.ioBytes,
      iodepth: job.iodepth,
      numjobs: job.jobs,
    },
    read: jsonDirection(job.read, job.runtimeNs),
    write: jsonDirection(job.write, job.runtimeNs),
    verify: { ...jsonDirection(job.verify, job.verifyRuntimeNs), errors: job.verifyErrors },
    sync: { total_ios: job.sync.ios, lat_ns: jsonLatency(job.sync.latency) },
    errors: Object.fromEntries(errors),
    lost: job.lost,
    messages: job.samples,
  };
}

function jsonDirection(result: DirectionResult, runtimeNs: number): JsonDirection {
  const perSecond = (amount: number): number => (runtimeNs === 0 ? 0 : (amount * 1e9) / runtimeNs);
  return {
    io_bytes: result.bytes,
    bw_bytes: Math.round(perSecond(result.bytes)),
    iops: perSecond(result.ios),
    runtime_ns: runtimeNs,
    total_ios: result.ios,
    lat_ns: jsonLatency(result.latency),
  };
}

function jsonLatency(latency: LatencyHistogram): JsonLatency {
  return {
    min: latency.min,
    max: latency.max,
    mean: latency.mean,
    stddev: latency.stddev,
    N: latency.count,
    percentile: Object.fromEntries(
      PERCENTILES.map((each) => [each.toFixed(6), latency.percentile(each)]),
    ),
  };
}
