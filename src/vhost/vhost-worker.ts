/**
 * The thread that does a vhost device's work, as a task on virtual time: first in, first out, each piece of work for at most
 * `weight` units at a stretch.
 */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { VhostWork } from '../interfaces/vhost.ts';
import { makeTask } from '../sim/task.ts';

/** How a {@link VhostWorker} runs. */
export interface VhostWorkerOptions {
  /** Time that one unit takes, in virtual nanoseconds; with 0 a whole turn runs through at once. */
  unitNs?: number;
  /** Most units of one piece of work before the next one has its turn. */
  weight?: number;
  /** Owner of the worker's task. */
  owner?: string;
}

/** Runs {@link VhostWork}; a unit is applied when its time is spent, and a busy worker delays the next. */
export class VhostWorker {
  readonly #executor: Executor;
  readonly #task: Task;
  readonly #afterTurn: () => void;
  readonly #unitNs: number;
  readonly #weight: number;
  readonly #queue: VhostWork[] = [];
  #taken: VhostWork | undefined = undefined;
  #unitsOfTurn = 0;
  readonly #flush = new FlushWork();

  /** @param afterTurn called when a piece of work had its turn: the time to call drivers */
  constructor(executor: Executor, afterTurn: () => void, options: VhostWorkerOptions = {}) {
    this.#executor = executor;
    this.#afterTurn = afterTurn;
    this.#unitNs = options.unitNs ?? 0;
    this.#weight = options.weight ?? 256;
    this.#task = makeTask(options.owner ?? 'vhost-worker', () => this.#run());
  }

  /** Nothing is queued or under way. */
  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  /** Puts work behind what is queued; no-op when it is queued already. */
  queue(work: VhostWork): void {
    if (work.queued) return;
    work.queued = true;
    this.#queue.push(work);
    if (this.#taken === undefined) this.#executor.post(this.#task);
  }

  /** Calls `done` when all that is queued now had its turn; never inside the call. */
  flush(done: () => void): void {
    this.#flush.waiting.push(done);
    this.queue(this.#flush);
  }

  /** Forgets all work; a unit that was taken goes back. */
  stop(): void {
    this.#executor.cancel(this.#task);
    this.#taken?.putBack();
    this.#taken = undefined;
    this.#unitsOfTurn = 0;
    for (const work of this.#queue) work.queued = false;
    this.#queue.length = 0;
  }

  #run(): void {
    if (this.#unitNs !== 0) this.#runUnit();
    else {
      // What is queued now has one turn each; then the others of this instant run.
      for (let turns = this.#queue.length; turns > 0 && this.#queue.length > 0; turns--) {
        this.#runTurn(this.#queue.shift()!);
      }
      this.#afterTurn();
    }
    if (this.#taken === undefined && this.#queue.length > 0) this.#executor.post(this.#task);
  }

  #runTurn(work: VhostWork): void {
    work.queued = false;
    for (let units = 0; units < this.#weight; units++) {
      if (!work.take()) return;
      work.apply();
    }
    this.queue(work);
  }

  #runUnit(): void {
    const work = this.#queue[0]!;
    if (this.#taken !== undefined) {
      this.#taken = undefined;
      work.apply();
      this.#unitsOfTurn += 1;
    }
    if (this.#unitsOfTurn < this.#weight && work.take()) {
      this.#taken = work;
      this.#executor.schedule(this.#task, this.#executor.now + this.#unitNs);
      return;
    }
    const isExhausted = this.#unitsOfTurn === this.#weight;
    this.#unitsOfTurn = 0;
    this.#queue.shift();
    work.queued = false;
    this.#afterTurn();
    if (isExhausted) this.queue(work);
  }
}

class FlushWork implements VhostWork {
  queued = false;
  readonly waiting: (() => void)[] = [];

  take(): boolean {
    return this.waiting.length > 0;
  }

  apply(): void {
    this.waiting.shift()!();
  }

  putBack(): void {}
}
