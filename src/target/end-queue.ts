/** Requests that are decided and wait for their `end`, which is never called inside the submit that decided them. */
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';

/** What an {@link EndQueue} holds: any request of this library. */
export interface Endable<Self> {
  end: (self: Self) => void;
}

interface Drain {
  readonly upTo: number;
  readonly done: () => void;
}

/** Ends requests at this instant, in the order in which they came, one task for all. */
export class EndQueue<Item extends Endable<Item>> {
  readonly #executor: Executor;
  readonly #task: Task;
  #items: (Item | undefined)[] = new Array<Item | undefined>(16).fill(undefined);
  #head = 0;
  #count = 0;
  #came = 0;
  #drains: Drain[] = [];

  constructor(executor: Executor, owner: string) {
    this.#executor = executor;
    this.#task = makeTask(owner, () => this.#run());
  }

  /** How many requests wait. */
  get count(): number {
    return this.#count;
  }

  /** Does `item` wait here? */
  has(item: Item): boolean {
    for (let i = 0; i < this.#count; i++) {
      if (this.#items[(this.#head + i) & (this.#items.length - 1)] === item) return true;
    }
    return false;
  }

  /** Takes a request whose result is set. */
  push(item: Item): void {
    if (this.#count === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#count) & (this.#items.length - 1)] = item;
    this.#count += 1;
    this.#came += 1;
    if (this.#task.slot === -1) this.#executor.post(this.#task);
  }

  /** Calls `done` when all that wait now have ended, never inside this call. */
  drain(done: () => void): void {
    this.#drains.push({ upTo: this.#came, done });
    this.#executor.post(this.#task);
  }

  #run(): void {
    // What comes while this batch ends waits for a task of its own.
    for (let left = this.#count; left > 0; left--) {
      const item = this.#items[this.#head]!;
      this.#items[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#items.length - 1);
      this.#count -= 1;
      item.end(item);
    }
    if (this.#drains.length > 0) this.#finishDrains();
  }

  #finishDrains(): void {
    const gone = this.#came - this.#count;
    const finished = this.#drains.filter((drain) => drain.upTo <= gone);
    this.#drains = this.#drains.filter((drain) => drain.upTo > gone);
    for (const drain of finished) drain.done();
  }

  #grow(): void {
    const old = this.#items;
    const larger = new Array<Item | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) larger[i] = old[(this.#head + i) & (old.length - 1)];
    this.#items = larger;
    this.#head = 0;
  }
}
