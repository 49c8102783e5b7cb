/** Kick and call: the eventfd between two sides that do not share a stack. */

/**
 * A counter that one side raises and another drains, with the semantics of eventfd(2).
 *
 * Signals coalesce: any number of `signal` calls before the reader runs wakes it once. The reader never runs inside `signal`.
 */
export interface Notifier {
  /** Adds one. False when the counter is full (2^64 - 2 in the system call; here 2^53 - 1): the call would block. */
  signal(): boolean;
  /** Takes the whole counter (or one, in semaphore mode); 0 when there is nothing to take. */
  read(): number;
  /**
   * Calls `wake` on a later turn of the executor after a signal, or at once on that turn when the counter is above zero already;
   * `undefined` stops that. A reader that leaves something in the counter is woken again by the next signal.
   */
  listen(wake: (() => void) | undefined): void;
}
