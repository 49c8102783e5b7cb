/** Time: who runs next, and when. The only source of time below level 5. */

/**
 * A piece of work that is made once and scheduled many times, so that pending work is data and not closures.
 *
 * `dueNs`, `sequence` and `slot` belong to the executor while the task is scheduled.
 */
export interface Task {
  /** Who owns the task; a seeded executor permutes only tasks of different owners at one instant. */
  readonly owner: string;
  /** Called with nothing scheduled: a task that wants to run again schedules itself. Must not throw for any input of a peer. */
  readonly run: () => void;
  /** A background task (keep-alive, long timeout) does not keep the world from being idle. */
  readonly background: boolean;
  /** When the task runs, in virtual nanoseconds. */
  dueNs: number;
  /** Order among tasks of one instant. */
  sequence: number;
  /** -1 when not scheduled; otherwise a position in the executor's own structures. */
  slot: number;
}

/**
 * The clock and the queue of pending tasks.
 *
 * Laws: time never goes back; tasks of one instant run first-in first-out (or as a seed decides); a task is
 * scheduled at most once at a time; nothing runs inside `post` or `schedule`.
 */
export interface Executor {
  /** Virtual time in nanoseconds, an integer below 2^53. */
  readonly now: number;
  /** Runs `task` at this instant, after what is due already. No-op when it is scheduled for this instant already. */
  post(task: Task): void;
  /** Runs `task` at `atNs` (not before now). A task that is scheduled already moves to the new instant. */
  schedule(task: Task, atNs: number): void;
  /** Takes `task` out of the queue; false when it was not scheduled. */
  cancel(task: Task): boolean;
}
