/**
 * The virtual clock. Tasks of this instant wait in a first-in first-out ring, tasks of the future in a heap:
 * most work is for now, and a heap for it costs more than the work (measured: 290 ns per I/O of the whole road).
 */
import { assert, InvariantError } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { Prng } from '../interfaces/prng.ts';
import { makePrng } from './prng.ts';
import { TaskHeap } from './task-heap.ts';

/** Marks a task that waits in the ring of this instant; its place there is not kept. */
const IN_RING = -2;

/** How a {@link SimExecutor} runs. */
export interface SimExecutorOptions {
  /** Order of tasks of one instant: as they came, or as a seed decides among different owners. */
  order?: 'fifo' | 'seeded';
  /** Seed for `order: 'seeded'`. */
  seed?: number;
  /** How many tasks may run at one instant before the run counts as a livelock and throws. */
  livelockLimit?: number;
}

/** Runs tasks in (time, order of scheduling) on a virtual clock of integer nanoseconds. */
export class SimExecutor implements Executor {
  #now = 0;
  #sequence = 0;
  #ring: (Task | undefined)[] = new Array<Task | undefined>(64).fill(undefined);
  #head = 0;
  #count = 0;
  readonly #future = new TaskHeap();
  #foreground = 0;
  #ranAtInstant = 0;
  readonly #livelockLimit: number;
  readonly #chance: Prng | undefined;

  constructor(options: SimExecutorOptions = {}) {
    this.#livelockLimit = options.livelockLimit ?? 10_000_000;
    this.#chance = options.order === 'seeded' ? makePrng(options.seed ?? 0) : undefined;
  }

  get now(): number {
    return this.#now;
  }

  /** Nothing is scheduled but background tasks. */
  get isIdle(): boolean {
    return this.#foreground === 0;
  }

  post(task: Task): void {
    if (task.slot === IN_RING) return;
    if (task.slot >= 0) this.#leaveFuture(task);
    if (!task.background) this.#foreground += 1;
    this.#enterRing(task);
  }

  schedule(task: Task, atNs: number): void {
    if (atNs === this.#now) {
      this.post(task);
      return;
    }
    assert(
      atNs > this.#now && Number.isSafeInteger(atNs),
      'a task is scheduled at an integer >= now',
    );
    this.cancel(task);
    task.dueNs = atNs;
    task.sequence = this.#sequence++;
    if (!task.background) this.#foreground += 1;
    this.#future.push(task);
  }

  cancel(task: Task): boolean {
    if (task.slot >= 0) {
      this.#leaveFuture(task);
      return true;
    }
    if (task.slot !== IN_RING) return false;
    const mask = this.#ring.length - 1;
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & mask;
      if (this.#ring[at] === task) {
        this.#ring[at] = undefined;
        task.slot = -1;
        if (!task.background) this.#foreground -= 1;
        return true;
      }
    }
    throw new InvariantError('a task in the ring is found there');
  }

  /** Runs the next task, moving the clock if need be; false when nothing is scheduled. */
  step(): boolean {
    const task = this.#next();
    if (task === undefined) return false;
    this.#run(task);
    return true;
  }

  /** Runs all tasks up to and including instant `ns` and leaves the clock there. */
  runUntil(ns: number): void {
    assert(ns >= this.#now && Number.isSafeInteger(ns), 'runUntil takes an integer >= now');
    for (;;) {
      if (this.#count === 0) {
        const first = this.#future.first;
        if (first === undefined || first.dueNs > ns) break;
      }
      if (!this.step()) break;
    }
    if (this.#now < ns) this.#moveClock(ns);
  }

  /**
   * Runs until nothing but background tasks is scheduled. Background tasks that fall due on the way run too.
   *
   * @throws InvariantError when one instant takes more tasks than `livelockLimit`
   */
  runUntilIdle(): void {
    while (this.#foreground > 0) this.step();
  }

  #run(task: Task): void {
    if (!task.background) this.#foreground -= 1;
    this.#ranAtInstant += 1;
    if (this.#ranAtInstant > this.#livelockLimit) {
      throw new InvariantError(
        `livelock: ${this.#livelockLimit} tasks ran at ${this.#now} ns, the last of '${task.owner}'`,
      );
    }
    task.run();
    // What comes to an idle world comes from outside, and is no livelock of what ran before.
    if (this.#foreground === 0) this.#ranAtInstant = 0;
  }

  #next(): Task | undefined {
    while (this.#count > 0) {
      if (this.#chance !== undefined) this.#pickAnotherOwner(this.#chance);
      const task = this.#leaveRing();
      if (task !== undefined) return task;
    }
    const first = this.#future.first;
    if (first === undefined) return undefined;
    this.#moveClock(first.dueNs);
    // All tasks of the new instant move to the ring, in order, before what they post.
    for (let task: Task | undefined = first; task?.dueNs === this.#now; task = this.#future.first) {
      this.#future.remove(task);
      this.#enterRing(task);
    }
    return this.#next();
  }

  /** Swaps the first task with the first one of a randomly chosen other owner: order within an owner stays. */
  #pickAnotherOwner(chance: Prng): void {
    const mask = this.#ring.length - 1;
    const offset = chance.below(Math.min(this.#count, 64));
    const chosen = this.#ring[(this.#head + offset) & mask];
    if (offset === 0 || chosen === undefined) return;
    for (let i = 0; i <= offset; i++) {
      const at = (this.#head + i) & mask;
      const task = this.#ring[at];
      if (task?.owner !== chosen.owner) continue;
      for (let j = i; j > 0; j--) {
        this.#ring[(this.#head + j) & mask] = this.#ring[(this.#head + j - 1) & mask];
      }
      this.#ring[this.#head] = task;
      return;
    }
  }

  #moveClock(ns: number): void {
    this.#now = ns;
    this.#ranAtInstant = 0;
  }

  #enterRing(task: Task): void {
    if (this.#count === this.#ring.length) this.#growRing();
    task.slot = IN_RING;
    task.dueNs = this.#now;
    this.#ring[(this.#head + this.#count) & (this.#ring.length - 1)] = task;
    this.#count += 1;
  }

  #leaveRing(): Task | undefined {
    const task = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#count -= 1;
    if (task !== undefined) task.slot = -1;
    return task;
  }

  #leaveFuture(task: Task): void {
    this.#future.remove(task);
    if (!task.background) this.#foreground -= 1;
  }

  #growRing(): void {
    const old = this.#ring;
    const larger = new Array<Task | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) larger[i] = old[(this.#head + i) & (old.length - 1)];
    this.#ring = larger;
    this.#head = 0;
  }
}
