/** Results as text, in the shape that users of fio know. All times are virtual, but for the one line that says otherwise. */
import type { AccessPattern } from './job-keys.ts';
import { type LatencyHistogram, PERCENTILES } from './latency-histogram.ts';
import {
  bandwidthText,
  binaryBytes,
  countText,
  decimalBytes,
  latencyUnit,
  timeText,
} from './report-numbers.ts';
import {
  type DirectionResult,
  isClean,
  type JobResult,
  totalIos,
  type WorkloadResult,
} from './workload-result.ts';

/** Gives a status of NVMe its name. */
export type StatusName = (status: number) => string;

/** What `rw` is called for these operations. */
export function accessName(access: AccessPattern): string {
  const direction = access.reads ? (access.writes ? 'rw' : 'read') : 'write';
  return access.random ? `rand${direction}` : direction;
}

/** The whole report, without a line end at its end. */
export function textReport(result: WorkloadResult, statusName: StatusName): string {
  const lines: string[] = [];
  for (const job of result.jobs) lines.push(...jobLines(job, statusName));
  for (const group of new Set(result.jobs.map((job) => job.group))) {
    const jobs = result.jobs.filter((job) => job.group === group);
    lines.push('', `Run status group ${group} (all jobs):`, ...groupLines(jobs));
  }
  lines.push('', summary(result));
  return lines.join('\n');
}

function jobLines(job: JobResult, statusName: StatusName): string[] {
  const lines = [
    `${job.name}: (groupid=${job.group}, jobs=${job.jobs}): err=${job.errorCount}: rw=${accessName(job.access)}, ` +
      `bs=${binaryBytes(job.ioBytes)}, iodepth=${job.iodepth}`,
  ];
  if (job.description !== undefined) lines.push(`  Description  : [${job.description}]`);
  lines.push(...directionLines('read', job.read, job.runtimeNs));
  lines.push(...directionLines('write', job.write, job.runtimeNs));
  lines.push(...directionLines('verify', job.verify, job.verifyRuntimeNs));
  if (job.sync.ios > 0) lines.push('  fsync/fdatasync:', ...latencyLines('sync', job.sync.latency));
  lines.push(
    `     issued rwts: total=${job.read.ios},${job.write.ios},0,${job.sync.ios}; verify: blocks=${job.verify.ios}, errors=${job.verifyErrors}`,
  );
  for (const [status, count] of job.errors) {
    lines.push(`     errors: ${count} x ${statusName(status)} (status ${status.toString(16)}h)`);
  }
  if (job.lost > 0) lines.push(`     lost: ${job.lost} I/Os never ended`);
  return [...lines, ...job.samples.map((line) => `     ${line}`)];
}

function directionLines(name: string, result: DirectionResult, runtimeNs: number): string[] {
  if (result.ios === 0) return [];
  const moved = `(${binaryBytes(result.bytes)}/${timeText(runtimeNs)})`;
  const rates =
    runtimeNs === 0
      ? 'IOPS=-, BW=- (no virtual time passed)'
      : `IOPS=${countText(perSecond(result.ios, runtimeNs))}, BW=${bandwidthText(perSecond(result.bytes, runtimeNs))}`;
  return [`  ${name}: ${rates}${moved}`, ...latencyLines('lat', result.latency)];
}

function latencyLines(name: string, latency: LatencyHistogram): string[] {
  const { name: unit, ns } = latencyUnit(latency.min, latency.max);
  const [min, max] = [latency.min, latency.max].map((value) => Math.round(value / ns));
  const [mean, deviation] = [latency.mean, latency.stddev].map((value) => (value / ns).toFixed(2));
  const lines = [
    `    ${name} (${unit}): min=${min}, max=${max}, avg=${mean}, stdev=${deviation}`,
    `    ${name} percentiles (${unit}):`,
  ];
  const values = PERCENTILES.map((each) => String(Math.round(latency.percentile(each) / ns)));
  const width = Math.max(...values.map((value) => value.length));
  const cells = PERCENTILES.map(
    (each, i) => `${each.toFixed(2).padStart(5)}th=[${values[i]!.padStart(width)}]`,
  );
  for (let i = 0; i < cells.length; i += 4) {
    const isLast = i + 4 >= cells.length;
    lines.push(`     | ${cells.slice(i, i + 4).join(', ')}${isLast ? '' : ','}`);
  }
  return lines;
}

function groupLines(jobs: readonly JobResult[]): string[] {
  const lines: string[] = [];
  for (const direction of ['read', 'write', 'verify'] as const) {
    const active = jobs.filter((job) => job[direction].ios > 0);
    if (active.length === 0) continue;
    const times = active.map((job) =>
      direction === 'verify' ? job.verifyRuntimeNs : job.runtimeNs,
    );
    const bytes = active.reduce((sum, job) => sum + job[direction].bytes, 0);
    const longest = Math.max(...times);
    const bandwidth = longest === 0 ? '-' : bandwidthText(perSecond(bytes, longest));
    const run = `${timeText(Math.min(...times))}-${timeText(longest)}`;
    lines.push(
      `${direction.toUpperCase().padStart(7)}: bw=${bandwidth}, io=${binaryBytes(bytes)} (${decimalBytes(bytes)}), run=${run}`,
    );
  }
  return lines;
}

function summary(result: WorkloadResult): string {
  const ios = totalIos(result.jobs);
  const rate = result.wallMs > 0 ? `, ${countText((ios * 1000) / result.wallMs)} IO/s` : '';
  const wall = `${countText(ios)} I/Os in ${timeText(result.virtualNs)} of virtual time; on the wall clock ${timeText(result.wallMs * 1e6)}${rate}`;
  if (result.wasInterrupted) return `${wall}\nInterrupted: these are the results up to then.`;
  if (!result.isComplete)
    return `${wall}\nStalled: some I/Os never ended; these are the results up to then.`;
  return `${wall}\n${isClean(result) ? 'No errors.' : 'There were errors.'}`;
}

/** What happens in a second, from what happened in some nanoseconds. */
function perSecond(amount: number, ns: number): number {
  return (amount * 1e9) / ns;
}
