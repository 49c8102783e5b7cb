/** An eventfd(2) on virtual time. */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { Notifier } from '../interfaces/notifier.ts';
import { makeTask } from './task.ts';

/** The largest count, here 2^53 - 1 (exact numbers end there; the system call's is 2^64 - 2). */
export const MAX_EVENT_COUNT = Number.MAX_SAFE_INTEGER;

/** How an {@link EventFd} behaves. */
export interface EventFdOptions {
  /** From a signal until the reader runs, in virtual nanoseconds. */
  wakeNs?: number;
  /** `read` takes one instead of all (EFD_SEMAPHORE). */
  semaphore?: boolean;
  /** Owner of the wake-up task, for seeded orders and messages. */
  owner?: string;
  /** Count at the start. */
  initial?: number;
}

/** Counter, coalesced wake-up, saturation: kick and call. */
export class EventFd implements Notifier {
  readonly #executor: Executor;
  readonly #wakeNs: number;
  readonly #semaphore: boolean;
  readonly #task: Task;
  #count: number;
  #wake: (() => void) | undefined = undefined;
  #signals = 0;
  #wakes = 0;

  constructor(executor: Executor, options: EventFdOptions = {}) {
    this.#executor = executor;
    this.#wakeNs = options.wakeNs ?? 0;
    this.#semaphore = options.semaphore ?? false;
    this.#count = options.initial ?? 0;
    this.#task = makeTask(options.owner ?? 'eventfd', () => this.#run());
  }

  /** How often it was signalled. */
  get signals(): number {
    return this.#signals;
  }

  /** How often the reader was woken: less than `signals` when they coalesced. */
  get wakes(): number {
    return this.#wakes;
  }

  signal(): boolean {
    if (this.#count >= MAX_EVENT_COUNT) return false;
    this.#count += 1;
    this.#signals += 1;
    this.#arm();
    return true;
  }

  read(): number {
    const taken = this.#semaphore ? Math.min(1, this.#count) : this.#count;
    this.#count -= taken;
    return taken;
  }

  listen(wake: (() => void) | undefined): void {
    this.#wake = wake;
    if (wake === undefined) this.#executor.cancel(this.#task);
    else if (this.#count > 0) this.#arm();
  }

  #arm(): void {
    if (this.#wake === undefined || this.#task.slot !== -1) return;
    this.#executor.schedule(this.#task, this.#executor.now + this.#wakeNs);
  }

  #run(): void {
    if (this.#count === 0) return;
    this.#wakes += 1;
    this.#wake?.();
  }
}
