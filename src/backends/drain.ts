/** Waits for what is in flight where it cannot be stopped: the reset of a store that only drains. */
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';

/**
 * Counts requests in flight by epoch. A reset begins a new epoch and is done when the requests of all older ones
 * have ended; what comes after it does not delay it.
 */
export class Drain {
  readonly #executor: Executor;
  readonly #task: Task;
  #epoch = 0;
  #current = 0;
  #older = 0;
  #waiting: (() => void)[] = [];

  constructor(executor: Executor, owner: string) {
    this.#executor = executor;
    this.#task = makeTask(owner, () => this.#finish());
  }

  /** How many requests are in flight. */
  get count(): number {
    return this.#current + this.#older;
  }

  /** A request begins; returns its epoch, which it keeps until {@link Drain.leave}. */
  enter(): number {
    this.#current += 1;
    return this.#epoch;
  }

  /** Did a reset come after the request of `epoch` began? */
  isOlder(epoch: number): boolean {
    return epoch !== this.#epoch;
  }

  /** A request has ended. */
  leave(epoch: number): void {
    if (epoch === this.#epoch) {
      this.#current -= 1;
      return;
    }
    this.#older -= 1;
    if (this.#older === 0) this.#executor.post(this.#task);
  }

  /** Calls `done` when all that are in flight now have ended, never inside this call. */
  reset(done: () => void): void {
    this.#epoch += 1;
    this.#older += this.#current;
    this.#current = 0;
    this.#waiting.push(done);
    if (this.#older === 0) this.#executor.post(this.#task);
  }

  #finish(): void {
    if (this.#older > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}

/** A `done` to be called twice, when the second of two parties is done. */
export function whenBoth(done: () => void): () => void {
  let left = 2;
  return () => {
    left -= 1;
    if (left === 0) done();
  };
}
