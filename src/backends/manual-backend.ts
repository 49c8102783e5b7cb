/**
 * Any backend, by hand: each command is held until a test, or whoever sits at the controls, lets it go, fails it or delays it.
 *
 * A command that is let go then takes the inner backend's own way and time.
 */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { AbortResult } from '../interfaces/request.ts';
import { type Geometry, type TargetCommand, TargetStatus } from '../interfaces/target.ts';
import { makeTask } from '../sim/task.ts';
import { whenBoth } from './drain.ts';
import { SERVICE_QUEUE_DEPTH, ServiceQueue } from './service-queue.ts';

/** Holds what is submitted, in order; one more than 4,096 ends with `busy`. */
export class ManualBackend implements Backend {
  readonly geometry: Geometry;
  /** Called when a command is held, inside `submit`: a place to decide by a rule. */
  onHeld: ((command: TargetCommand) => void) | undefined = undefined;
  readonly #inner: Backend;
  readonly #executor: Executor;
  readonly #held = new Set<TargetCommand>();
  readonly #delayed = new Map<TargetCommand, Task>();
  /** Commands whose status is decided. */
  readonly #decided: ServiceQueue<TargetCommand>;

  constructor(inner: Backend, executor: Executor) {
    this.geometry = inner.geometry;
    this.#inner = inner;
    this.#executor = executor;
    this.#decided = new ServiceQueue<TargetCommand>(executor, 'manual', (command) => {
      command.end(command);
    });
  }

  /** The commands that are held, the oldest first. */
  get held(): readonly TargetCommand[] {
    return [...this.#held];
  }

  /** Hands a held command to the inner backend. */
  complete(command: TargetCommand): void {
    this.#release(command);
    this.#inner.submit(command);
  }

  /** Ends a held command with `status`; the inner backend does not see it. */
  fail(command: TargetCommand, status: TargetStatus): void {
    this.#release(command);
    this.#decide(command, status);
  }

  /** Hands a held command to the inner backend after `delayNs` of virtual time. */
  delay(command: TargetCommand, delayNs: number): void {
    assert(Number.isSafeInteger(delayNs) && delayNs >= 0, 'delayNs is an integer >= 0');
    this.#release(command);
    const task = makeTask('manual', () => {
      this.#delayed.delete(command);
      this.#inner.submit(command);
    });
    this.#delayed.set(command, task);
    this.#executor.schedule(task, this.#executor.now + delayNs);
  }

  submit(command: TargetCommand): void {
    if (this.#held.size + this.#delayed.size >= SERVICE_QUEUE_DEPTH) {
      this.#decide(command, TargetStatus.busy);
      return;
    }
    this.#held.add(command);
    this.onHeld?.(command);
  }

  abort(command: TargetCommand): AbortResult {
    if (this.#take(command)) {
      this.#decide(command, TargetStatus.aborted);
      return AbortResult.aborted;
    }
    return this.#decided.has(command) ? AbortResult.tooLate : this.#inner.abort(command);
  }

  reset(done: () => void): void {
    for (const command of [...this.#held, ...this.#delayed.keys()]) {
      this.#take(command);
      this.#decide(command, TargetStatus.aborted);
    }
    const oneIsDone = whenBoth(done);
    this.#decided.reset(oneIsDone);
    this.#inner.reset(oneIsDone);
  }

  close(): void {
    const waits = this.#held.size + this.#delayed.size + this.#decided.count;
    assert(waits === 0, 'a backend is closed with nothing in flight');
    this.#inner.close();
  }

  #release(command: TargetCommand): void {
    assert(this.#held.delete(command), 'the command is held');
  }

  /** Takes a command out of what is held or delayed; false when it is neither. */
  #take(command: TargetCommand): boolean {
    const task = this.#delayed.get(command);
    if (task === undefined) return this.#held.delete(command);
    this.#executor.cancel(task);
    return this.#delayed.delete(command);
  }

  #decide(command: TargetCommand, status: TargetStatus): void {
    command.status = status;
    this.#decided.push(command, 0);
  }
}
