/** Work that is made once and scheduled many times. */
import type { Task } from '../interfaces/executor.ts';

/**
 * Makes a task.
 *
 * @param owner who it belongs to: a seeded executor permutes only tasks of different owners at one instant
 * @param run what it does; made once, so that nothing is allocated when it is scheduled
 * @param background a timer that does not keep the world from being idle
 */
export function makeTask(owner: string, run: () => void, background = false): Task {
  return { owner, run, background, dueNs: 0, sequence: 0, slot: -1 };
}
