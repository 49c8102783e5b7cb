/** A block layer that somebody else might have written: small, slow and right, but for the defect that it is asked to have. */
import { SgList } from '../../../src/base/sg-list.ts';
import { judgeBio } from '../../../src/block/bio-check.ts';
import { FlushStep, flushStepsFor } from '../../../src/block/flush-machine.ts';
import { nextPartSectors, takePart } from '../../../src/block/split-rule.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
} from '../../../src/interfaces/bio.ts';
import { type BlkMqOps, QueueRqResult, type Request } from '../../../src/interfaces/blk-mq.ts';
import type { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { makeTask } from '../../../src/sim/task.ts';

export type Defect =
  | 'post-flush beside the data'
  | 'no pre-flush'
  | 'merge across a limit'
  | 'leaked tag'
  | 'lost requeue'
  | 'requeue from the start'
  | 'lost tail'
  | 'end with the first part';

interface Job {
  op: BioOp;
  sector: number;
  sectorCount: number;
  flags: number;
  data: SgList;
  done: ((status: BlkStatus) => void)[];
}

export class ToyBlockLayer implements BlockDevice {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly #executor: SimExecutor;
  readonly #ops: BlkMqOps;
  readonly #defect: Defect | undefined;
  readonly #free: number[];
  readonly #jobs: Job[] = [];
  readonly #pumpTask = makeTask('toy', () => this.#pump());
  #memory: Bio['memory'] | undefined;

  constructor(executor: SimExecutor, ops: BlkMqOps, defect?: Defect) {
    this.limits = ops.limits;
    this.capacitySectors = ops.capacitySectors;
    this.#executor = executor;
    this.#ops = ops;
    this.#defect = defect;
    this.#free = Array.from({ length: ops.queueDepth }, (_, tag) => tag);
  }

  get tagsInUse(): number {
    return this.#ops.queueDepth - this.#free.length;
  }

  plug(): void {}

  unplug(): void {}

  submitBio(bio: Bio): void {
    this.#memory = bio.memory;
    const status = judgeBio(this.limits, this.capacitySectors, bio);
    const preflush = bio.op === BioOp.flush ? BioFlag.preflush : 0;
    const steps = flushStepsFor(this.limits, bio.flags | preflush, bio.sectorCount > 0);
    const isData = bio.sectorCount > 0;
    const todo: (() => Job[])[] = [];
    if ((steps & FlushStep.preflush) !== 0) {
      if (!(isData && this.#defect === 'no pre-flush')) todo.push(() => [flushJob()]);
    }
    if (isData) todo.push(() => this.#parts(bio));
    if ((steps & FlushStep.postflush) !== 0) {
      if (this.#defect === 'post-flush beside the data') {
        const data = todo.pop()!;
        todo.push(() => [flushJob(), ...data()]);
      } else todo.push(() => [flushJob()]);
    }
    if (status !== BlkStatus.ok) todo.splice(0);
    this.#run(bio, todo, status);
  }

  /** One step after the other, each of some jobs. */
  #run(bio: Bio, todo: (() => Job[])[], status: BlkStatus): void {
    const step = todo.shift();
    if (step === undefined || status !== BlkStatus.ok) {
      this.#later(() => {
        bio.status = status;
        bio.end(bio);
      });
      return;
    }
    const jobs = step();
    let left = this.#defect === 'end with the first part' ? 1 : jobs.length;
    let first: BlkStatus = BlkStatus.ok;
    for (const job of jobs) {
      job.done.push((ended) => {
        if (first === BlkStatus.ok) first = ended;
        left -= 1;
        if (left === 0) this.#run(bio, todo, first);
      });
      this.#jobs.push(job);
    }
    this.#executor.post(this.#pumpTask);
  }

  #parts(bio: Bio): Job[] {
    const cursor = { sectorsTaken: 0, segment: 0, segmentOffset: 0 };
    const jobs: Job[] = [];
    const fua = this.limits.fua ? bio.flags & BioFlag.fua : 0;
    while (cursor.sectorsTaken < bio.sectorCount) {
      const sector = bio.sector + cursor.sectorsTaken;
      const sectorCount = nextPartSectors(this.limits, bio, cursor);
      const data = new SgList();
      takePart(this.limits, bio, cursor, sectorCount, data);
      jobs.push({ op: bio.op, sector, sectorCount, flags: fua, data, done: [] });
    }
    if (this.#defect === 'lost tail' && jobs.length > 1) jobs.pop();
    return jobs;
  }

  #pump(): void {
    while (this.#jobs.length > 0 && this.#free.length > 0) {
      const job = this.#jobs.shift()!;
      if (this.#defect === 'merge across a limit') this.#join(job);
      const tag = this.#free.pop()!;
      const result = this.#ops.queueRq(0, this.#request(job, tag), true);
      if (result === QueueRqResult.ok) continue;
      this.#free.push(tag);
      this.#jobs.unshift(job);
      this.#executor.schedule(this.#pumpTask, this.#executor.now + 1_000_000);
      return;
    }
  }

  #request(job: Job, tag: number): Request {
    const back = (): void => {
      this.#free.push(tag);
      this.#executor.post(this.#pumpTask);
    };
    return {
      ioId: 0,
      ...job,
      tag,
      memory: this.#memory!,
      raw: undefined,
      status: BlkStatus.ok,
      result: 0,
      end: ({ status }) => {
        back();
        for (const done of job.done) done(status);
      },
      requeue: (_, sectorsDone) => {
        if (this.#defect !== 'leaked tag') back();
        if (this.#defect === 'lost requeue') return;
        const skip = this.#defect === 'requeue from the start' ? 0 : sectorsDone;
        const data = new SgList();
        data.appendRange(job.data, skip * 512, job.data.byteLength - skip * 512);
        const [sector, sectorCount] = [job.sector + skip, job.sectorCount - skip];
        this.#jobs.unshift({ ...job, sector, sectorCount, data });
        this.#executor.post(this.#pumpTask);
      },
    };
  }

  #join(job: Job): void {
    const next = this.#jobs[0];
    const isNext = next?.op === job.op && next.sector === job.sector + job.sectorCount;
    if (!isNext || job.op === BioOp.flush || next.flags !== job.flags) return;
    this.#jobs.shift();
    job.sectorCount += next.sectorCount;
    job.data.append(next.data);
    job.done.push(...next.done);
  }

  #later(what: () => void): void {
    this.#executor.post(makeTask('toy', what));
  }
}

function flushJob(): Job {
  const { flush } = BioOp;
  const flags = BioFlag.preflush;
  return { op: flush, sector: 0, sectorCount: 0, flags, data: new SgList(), done: [] };
}
