/** Runs a planned workload on a driver, group by group, in slices between which its caller may look, show and stop. */
import { ConfigError } from '../base/assert.ts';
import type { Task } from '../interfaces/executor.ts';
import type { Prng } from '../interfaces/prng.ts';
import { makeTask } from '../sim/task.ts';
import type { IoIds } from './io-slot.ts';
import { JobRun } from './job-run.ts';
import { bufferBytes, type PlannedJob, type WorkloadPlan } from './workload-plan.ts';
import { grouped, type JobResult, totalIos, type WorkloadResult } from './workload-result.ts';
import type { WorkloadTarget } from './workload-target.ts';

/** Virtual time without any I/O ending after which the rest counts as lost: longer than any ladder of timeouts. */
export const STALL_NS = 600e9;

/** Ends of I/Os at one instant after which the clock is moved by 1 ns: where nothing costs time, a long run is no livelock. */
const ENDS_PER_INSTANT = 65_536;

/** What a caller may choose. */
export interface WorkloadRunnerOptions {
  /** The caller's clock, in milliseconds, for rates of wall-clock time. */
  readonly clockMs?: () => number;
}

/** How far a run is. */
export interface WorkloadProgress {
  /** Share that is done, 0 .. 1. */
  readonly share: number;
  /** I/Os that ended well. */
  readonly ios: number;
  readonly group: number;
  readonly groupCount: number;
}

/** Runs one plan once. */
export class WorkloadRunner {
  readonly #target: WorkloadTarget;
  readonly #plan: WorkloadPlan;
  readonly #prng: Prng;
  readonly #clockMs: () => number;
  readonly #pump: Task;
  readonly #ioIds: IoIds = { last: 0 };
  readonly #planned: PlannedJob[] = [];
  readonly #results: JobResult[] = [];
  /** By queue id: commands wait for their doorbell. */
  readonly #touched: Uint8Array;
  #running: JobRun[] = [];
  #group = -1;
  #isStopping = false;
  #isStalled = false;
  #endsAtInstant = 0;
  #lastEndNs: number;
  readonly #startNs: number;
  readonly #startMs: number;
  #endMs = 0;

  /**
   * @param prng decides all chance of the jobs
   * @throws ConfigError when the buffers do not fit in the target's memory
   */
  constructor(
    target: WorkloadTarget,
    plan: WorkloadPlan,
    prng: Prng,
    options: WorkloadRunnerOptions = {},
  ) {
    const wanted = bufferBytes(plan);
    const free = target.buffers.freePages * 4096;
    if (wanted > free) {
      throw new ConfigError(
        'iodepth',
        wanted,
        `jobs whose buffers fit in the ${free} bytes that are free`,
      );
    }
    this.#target = target;
    this.#plan = plan;
    this.#prng = prng;
    this.#clockMs = options.clockMs ?? (() => 0);
    this.#pump = makeTask('workload', () => this.#fill());
    this.#touched = new Uint8Array(target.host.ioQueueCount + 1);
    this.#startNs = target.executor.now;
    this.#lastEndNs = this.#startNs;
    this.#startMs = this.#clockMs();
    this.#nextGroup();
  }

  /** All groups are done, or the run has stopped. */
  get isDone(): boolean {
    return this.#running.length === 0;
  }

  /** Runs up to `steps` tasks of the world; true while there is more to do. */
  slice(steps: number): boolean {
    for (let i = 0; i < steps && !this.isDone; i++) this.#step();
    return !this.isDone;
  }

  /** Issues nothing more; what is in flight ends, and then the run is done. */
  stop(): void {
    if (this.isDone) return;
    this.#isStopping = true;
    for (const job of this.#running) job.stop();
    this.#target.executor.post(this.#pump);
  }

  /** How far the run is. */
  progress(): WorkloadProgress {
    const shares = this.#running.reduce((sum, job) => sum + job.progress, 0);
    const groupCount = this.#plan.groups.length;
    const share = this.isDone ? 1 : (this.#group + shares / this.#running.length) / groupCount;
    return { share, ios: totalIos(this.#results), group: this.#group, groupCount };
  }

  /** The results so far. Call it once, when the run is done. */
  result(): WorkloadResult {
    return {
      jobs: grouped(this.#results, (index) => this.#planned[index]!.reportsAsGroup),
      isComplete: this.isDone && !this.#isStopping && !this.#isStalled,
      wasInterrupted: this.#isStopping,
      virtualNs: this.#target.executor.now - this.#startNs,
      wallMs: (this.isDone ? this.#endMs : this.#clockMs()) - this.#startMs,
    };
  }

  #step(): void {
    const { executor } = this.#target;
    if (!executor.step() || executor.now - this.#lastEndNs > STALL_NS) this.#stall();
  }

  #nextGroup(): void {
    for (const job of this.#running) job.release();
    this.#running = [];
    this.#group += 1;
    const jobs = this.#isStopping || this.#isStalled ? undefined : this.#plan.groups[this.#group];
    if (jobs === undefined) {
      this.#endMs = this.#clockMs();
      return;
    }
    const wake = (): void => this.#ended();
    for (const job of jobs) {
      const queueId = 1 + (job.index % this.#target.host.ioQueueCount);
      const run = new JobRun(this.#target, job, queueId, this.#prng, this.#ioIds, wake);
      this.#running.push(run);
      this.#planned.push(job);
      this.#results.push(run.result);
    }
    this.#target.executor.post(this.#pump);
  }

  #ended(): void {
    const { executor } = this.#target;
    if (executor.now !== this.#lastEndNs) this.#endsAtInstant = 0;
    this.#lastEndNs = executor.now;
    this.#endsAtInstant += 1;
    if (this.#pump.slot !== -1) return;
    const isLong = this.#endsAtInstant > ENDS_PER_INSTANT;
    executor.schedule(this.#pump, executor.now + (isLong ? 1 : 0));
  }

  /** Lets every job issue what it can, and rings each queue once. */
  #fill(): void {
    let isOver = true;
    for (const job of this.#running) {
      if (job.fill()) this.#touched[job.queueId] = 1;
      isOver = isOver && job.isDone;
    }
    for (let queueId = 1; queueId < this.#touched.length; queueId++) {
      if (this.#touched[queueId] === 0) continue;
      this.#touched[queueId] = 0;
      this.#target.host.commitRqs(queueId);
    }
    if (isOver) this.#nextGroup();
  }

  /** Nothing will end what is in flight. */
  #stall(): void {
    this.#isStalled = true;
    for (const job of this.#running) job.abandon();
    // Its buffers stay taken: whoever has lost the commands may still write to them.
    this.#running = [];
    this.#nextGroup();
  }
}
