/** What a run found out, as numbers; the reports turn it into text and JSON. */
import type { AccessPattern } from './job-keys.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** Most samples of errors that a job keeps. */
export const MAX_ERROR_SAMPLES = 8;

/** One direction of one job. */
export class DirectionResult {
  /** I/Os that ended well. */
  ios = 0;
  /** Latencies of the I/Os that ended well, in virtual nanoseconds. */
  readonly latency = new LatencyHistogram();
  readonly #ioBytes: number;
  /** What the others that were merged moved beyond their I/Os at this one's size. */
  #moreBytes = 0;

  /** @param ioBytes bytes that each I/O moves */
  constructor(ioBytes: number) {
    this.#ioBytes = ioBytes;
  }

  /** Bytes that were moved. */
  get bytes(): number {
    return this.ios * this.#ioBytes + this.#moreBytes;
  }

  /** Adds another one. */
  merge(other: DirectionResult): void {
    this.#moreBytes += other.bytes - other.ios * this.#ioBytes;
    this.ios += other.ios;
    this.latency.merge(other.latency);
  }
}

/** One job, or several that report as a group. */
export class JobResult {
  readonly name: string;
  readonly description: string | undefined;
  readonly group: number;
  readonly access: AccessPattern;
  readonly ioBytes: number;
  readonly iodepth: number;
  /** How many clones and jobs this is about. */
  jobs = 1;
  readonly read: DirectionResult;
  readonly write: DirectionResult;
  /** Reads that checked what had been written; they are not counted in `read`. */
  readonly verify: DirectionResult;
  /** Flushes. */
  readonly sync = new DirectionResult(0);
  /** Virtual time of the loops without their verification, in nanoseconds; the longest of a group. */
  runtimeNs = 0;
  /** Virtual time of verification, in nanoseconds; the longest of a group. */
  verifyRuntimeNs = 0;
  /** Blocks that were read back and were not what had been written. */
  verifyErrors = 0;
  /** How many I/Os ended with each status. */
  readonly errors = new Map<number, number>();
  /** The first errors, one line each. */
  readonly samples: string[] = [];
  /** I/Os that never ended. */
  lost = 0;

  constructor(about: {
    readonly name: string;
    readonly description: string | undefined;
    readonly group: number;
    readonly access: AccessPattern;
    readonly ioBytes: number;
    readonly iodepth: number;
  }) {
    this.name = about.name;
    this.description = about.description;
    this.group = about.group;
    this.access = about.access;
    this.ioBytes = about.ioBytes;
    this.iodepth = about.iodepth;
    this.read = new DirectionResult(about.ioBytes);
    this.write = new DirectionResult(about.ioBytes);
    this.verify = new DirectionResult(about.ioBytes);
  }

  /** I/Os that ended with an error status. */
  get errorCount(): number {
    let sum = 0;
    for (const count of this.errors.values()) sum += count;
    return sum;
  }

  /** Keeps one line about an error, if there is room. */
  sample(line: string): void {
    if (this.samples.length < MAX_ERROR_SAMPLES) this.samples.push(line);
  }

  /** Adds a job that ran beside this one. */
  merge(other: JobResult): void {
    this.jobs += other.jobs;
    for (const direction of ['read', 'write', 'verify', 'sync'] as const) {
      this[direction].merge(other[direction]);
    }
    this.runtimeNs = Math.max(this.runtimeNs, other.runtimeNs);
    this.verifyRuntimeNs = Math.max(this.verifyRuntimeNs, other.verifyRuntimeNs);
    this.verifyErrors += other.verifyErrors;
    for (const [status, count] of other.errors) {
      this.errors.set(status, (this.errors.get(status) ?? 0) + count);
    }
    for (const line of other.samples) this.sample(line);
    this.lost += other.lost;
  }
}

/** A whole run. */
export interface WorkloadResult {
  readonly jobs: readonly JobResult[];
  /** All I/Os that were asked for were done, well or not. */
  readonly isComplete: boolean;
  /** Somebody asked it to stop. */
  readonly wasInterrupted: boolean;
  /** Virtual time from start to end. */
  readonly virtualNs: number;
  /** The caller's clock from start to end, in milliseconds. */
  readonly wallMs: number;
}

/** How many I/Os of all kinds ended well. */
export function totalIos(jobs: readonly JobResult[]): number {
  return jobs.reduce(
    (sum, job) => sum + job.read.ios + job.write.ios + job.verify.ios + job.sync.ios,
    0,
  );
}

/** Did everything run, without any error? */
export function isClean(result: WorkloadResult): boolean {
  const isJobClean = (job: JobResult): boolean =>
    job.errors.size === 0 && job.verifyErrors === 0 && job.lost === 0;
  return result.isComplete && result.jobs.every(isJobClean);
}

/** The results with those that report as a group made one. */
export function grouped(
  results: readonly JobResult[],
  reportsAsGroup: (index: number) => boolean,
): JobResult[] {
  const shown: JobResult[] = [];
  const leaders = new Map<number, JobResult>();
  for (const [index, result] of results.entries()) {
    const leader = leaders.get(result.group);
    if (!reportsAsGroup(index)) shown.push(result);
    else if (leader !== undefined) leader.merge(result);
    else {
      leaders.set(result.group, result);
      shown.push(result);
    }
  }
  return shown;
}
