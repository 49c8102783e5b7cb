/** Tasks of the future, earliest first: a binary heap in which each task knows its place. */
import type { Task } from '../interfaces/executor.ts';

/** Orders tasks by (dueNs, sequence); `task.slot` is the task's position while it is inside. */
export class TaskHeap {
  readonly #tasks: Task[] = [];

  /** How many tasks wait. */
  get size(): number {
    return this.#tasks.length;
  }

  /** The earliest task, or `undefined`. */
  get first(): Task | undefined {
    return this.#tasks[0];
  }

  /** Adds a task whose `dueNs` and `sequence` are set. */
  push(task: Task): void {
    this.#tasks.push(task);
    this.#rise(this.#tasks.length - 1, task);
  }

  /** Takes a task out, wherever it stands. */
  remove(task: Task): void {
    const at = task.slot;
    const last = this.#tasks.pop()!;
    task.slot = -1;
    if (last === task) return;
    this.#sink(at, last);
    this.#rise(last.slot, last);
  }

  #rise(from: number, task: Task): void {
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#tasks[up]!;
      if (!before(task, parent)) break;
      this.#put(at, parent);
      at = up;
    }
    this.#put(at, task);
  }

  #sink(from: number, task: Task): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#tasks.length) break;
      if (child + 1 < this.#tasks.length && before(this.#tasks[child + 1]!, this.#tasks[child]!)) {
        child += 1;
      }
      if (!before(this.#tasks[child]!, task)) break;
      this.#put(at, this.#tasks[child]!);
      at = child;
    }
    this.#put(at, task);
  }

  #put(at: number, task: Task): void {
    this.#tasks[at] = task;
    task.slot = at;
  }
}

function before(a: Task, b: Task): boolean {
  return a.dueNs < b.dueNs || (a.dueNs === b.dueNs && a.sequence < b.sequence);
}
