/**
 * What the error handlers of SCSI and SATA have in common: remedies from the mildest to the harshest, each with its time, until one helps.
 */
import { assert } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';

/** Who climbs a {@link RecoveryLadder}. None of these is called inside `start`, `helped` or `failed` but `attempt`. */
export interface Climber {
  /** Tries the remedy of this rung; the climber then calls `helped` or `failed`, or its time runs out. */
  attempt(rung: number): void;
  /** The remedy helped; the ladder stands at its foot again. */
  recovered(rung: number): void;
  /** No remedy helped. */
  gaveUp(): void;
}

/** A number of rungs, climbed one at a time. */
export class RecoveryLadder {
  /** The rung that is being tried, or -1. */
  rung = -1;
  readonly #executor: Executor;
  readonly #rungCount: number;
  readonly #timeoutNs: number;
  readonly #climber: Climber;
  readonly #timer: Task;
  readonly #settled: Task;
  #outcome = -1;

  constructor(
    executor: Executor,
    owner: string,
    rungCount: number,
    timeoutNs: number,
    climber: Climber,
  ) {
    this.#executor = executor;
    this.#rungCount = rungCount;
    this.#timeoutNs = timeoutNs;
    this.#climber = climber;
    this.#timer = makeTask(owner, () => this.failed());
    this.#settled = makeTask(owner, () => {
      if (this.#outcome >= 0) this.#climber.recovered(this.#outcome);
      else this.#climber.gaveUp();
    });
  }

  /** Begins at a rung. */
  start(rung = 0): void {
    assert(this.rung < 0, 'a ladder is climbed once at a time');
    this.#attempt(rung);
  }

  /** The remedy takes another step, which has as much time again. */
  moreTime(): void {
    this.#executor.schedule(this.#timer, this.#executor.now + this.#timeoutNs);
  }

  /** The remedy of this rung helped. */
  helped(): void {
    this.#rest(this.rung);
  }

  /** It did not: the next one is tried. */
  failed(): void {
    if (this.rung + 1 < this.#rungCount) this.#attempt(this.rung + 1);
    else this.#rest(-1);
  }

  #attempt(rung: number): void {
    this.rung = rung;
    this.moreTime();
    this.#climber.attempt(rung);
  }

  #rest(outcome: number): void {
    this.#outcome = outcome;
    this.rung = -1;
    this.#executor.cancel(this.#timer);
    this.#executor.post(this.#settled);
  }
}
