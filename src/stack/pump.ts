/**
 * Between promises and virtual time: calls fill an inbox, one microtask admits all of it and runs the world until it is idle.
 * Virtual time stands still between pumps.
 */
import { InvariantError } from '../base/assert.ts';
import type { SimExecutor } from '../sim/sim-executor.ts';

/** Tasks that run before the host gets a turn. */
export const SLICE_TASKS = 100_000;

/** One admitted call: started by the pump, settled by the world or by the pump's failure. */
interface Call {
  readonly start: () => void;
  readonly fail: (error: unknown) => void;
}

/** Settles one call; the first settlement counts. */
export interface Settle<T> {
  /** The call succeeded. */
  resolve(value: T): void;
  /** The call failed. */
  reject(error: unknown): void;
}

/** Admits calls and runs a {@link SimExecutor} for them. */
export class Pump {
  readonly #executor: SimExecutor;
  readonly #yieldToHost: () => Promise<void>;
  readonly #inbox: Call[] = [];
  readonly #waiting = new Set<Call>();
  /** Those who wait for the world to be idle. */
  readonly #idleWanted: Settle<void>[] = [];
  #isScheduled = false;

  /** @param yieldToHost awaited between slices of a long run; the default gives other microtasks a turn */
  constructor(executor: SimExecutor, yieldToHost: () => Promise<void> = () => Promise.resolve()) {
    this.#executor = executor;
    this.#yieldToHost = yieldToHost;
  }

  /**
   * Admits a call. `start` runs on the next pump and hands its work to the stack; it settles the promise from there.
   * The promise rejects when the stack goes idle without settling it.
   */
  call<T>(start: (settle: Settle<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => void this.#waiting.delete(call);
      const settle: Settle<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const call: Call = { start: () => start(settle), fail: settle.reject };
      this.#inbox.push(call);
      this.#schedule();
    });
  }

  /** Runs the world until nothing is left to do, in slices. */
  whenIdle(): Promise<void> {
    return this.call<void>((settle) => this.#idleWanted.push(settle));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        this.#admit();
        if (!this.#runSlice()) break;
        await this.#yieldToHost();
      }
    } catch (error) {
      this.#failAll(error);
    }
    this.#isScheduled = false;
    if (this.#inbox.length > 0) this.#schedule();
  }

  #admit(): void {
    for (const call of this.#inbox.splice(0)) {
      this.#waiting.add(call);
      call.start();
    }
  }

  /** Runs a slice; false when there is nothing left to do. Background timers run only while a call waits for them. */
  #runSlice(): boolean {
    for (let i = 0; i < SLICE_TASKS; i++) {
      if (this.#executor.isIdle) {
        for (const settle of this.#idleWanted.splice(0)) settle.resolve();
        if (this.#waiting.size === 0) return false;
      }
      if (!this.#executor.step()) {
        this.#failAll(new InvariantError('the stack went idle and left a call unanswered'));
        return false;
      }
    }
    return true;
  }

  #failAll(error: unknown): void {
    for (const call of [...this.#waiting]) call.fail(error);
  }
}
