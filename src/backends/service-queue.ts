/**
 * A queue with one server in virtual time: what a store without a latency of its own waits in.
 *
 * Requests are served first-in first-out. One task serves all that are due, so that a batch of requests
 * costs one task. The request is untouched until its turn: one that is aborted moves no byte.
 */
import { assert } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { AbortResult } from '../interfaces/request.ts';
import { makeTask } from '../sim/task.ts';

/** What is to be done with a request whose turn has come. */
export const Turn = {
  /** Do it and end it. */
  serve: 0,
  /** End it with the busy status: there were too many. */
  refuse: 1,
  /** End it with the abort status. */
  abort: 2,
} as const;
/** One of {@link Turn}. */
export type Turn = (typeof Turn)[keyof typeof Turn];

/** Most requests that wait in one queue, unless it is told otherwise; one more is refused as busy. */
export const SERVICE_QUEUE_DEPTH = 4096;

interface Reset {
  /** How many requests have come when the reset was asked for: it waits for these and no later ones. */
  readonly upTo: number;
  readonly done: () => void;
}

/** Holds requests until their turn, then gives each once to `serve`. */
export class ServiceQueue<Item extends object> {
  readonly #executor: Executor;
  readonly #task: Task;
  readonly #serve: (item: Item, turn: Turn) => void;
  readonly #depth: number;
  #items: (Item | undefined)[];
  #turns: Uint8Array;
  #dueNs: Float64Array;
  #head = 0;
  #count = 0;
  #came = 0;
  #busyUntilNs = 0;
  #resets: Reset[] = [];

  /**
   * @param serve ends the request; it may push again inside
   * @param depth most requests that wait at once
   */
  constructor(
    executor: Executor,
    owner: string,
    serve: (item: Item, turn: Turn) => void,
    depth: number = SERVICE_QUEUE_DEPTH,
  ) {
    assert(Number.isInteger(depth) && depth >= 1, 'ServiceQueue depth is an integer >= 1');
    this.#executor = executor;
    this.#task = makeTask(owner, () => this.#run());
    this.#serve = serve;
    this.#depth = depth;
    this.#items = new Array<Item | undefined>(64).fill(undefined);
    this.#turns = new Uint8Array(64);
    this.#dueNs = new Float64Array(64);
  }

  /** How many requests wait. */
  get count(): number {
    return this.#count;
  }

  /** The request that waits `ahead` places behind the next one, or `undefined`. */
  peek(ahead: number): Item | undefined {
    return ahead < this.#count
      ? this.#items[(this.#head + ahead) & (this.#items.length - 1)]
      : undefined;
  }

  /** Takes a request whose service takes `costNs` once the server is free; in no case is it served inside this call. */
  push(item: Item, costNs: number): void {
    if (costNs === 0 && this.#busyUntilNs <= this.#executor.now) {
      this.#add(item, 0);
      if (this.#task.slot === -1) this.#executor.post(this.#task);
      return;
    }
    this.#busyUntilNs = Math.max(this.#busyUntilNs, this.#executor.now) + costNs;
    this.pushAt(item, this.#busyUntilNs);
  }

  /** Takes a request whose turn comes at `dueNs`, which is not before the turns of those that wait. */
  pushAt(item: Item, dueNs: number): void {
    this.#add(item, dueNs);
    if (this.#count === 1) this.#executor.schedule(this.#task, dueNs);
  }

  #add(item: Item, dueNs: number): void {
    if (this.#count === this.#items.length) this.#grow();
    const at = (this.#head + this.#count) & (this.#items.length - 1);
    this.#items[at] = item;
    this.#turns[at] = this.#count < this.#depth ? Turn.serve : Turn.refuse;
    this.#dueNs[at] = dueNs;
    this.#count += 1;
    this.#came += 1;
  }

  /** Does `item` wait here? */
  has(item: Item): boolean {
    return this.#find(item) >= 0;
  }

  /** Marks a waiting request: its turn comes as it would have, and ends it with the abort status. */
  abort(item: Item): AbortResult {
    const at = this.#find(item);
    if (at < 0) return AbortResult.unknown;
    if (this.#turns[at] === Turn.refuse) return AbortResult.tooLate;
    this.#turns[at] = Turn.abort;
    return AbortResult.aborted;
  }

  /** Aborts all that wait, at this instant; then calls `done`, never inside this call. */
  reset(done: () => void): void {
    const mask = this.#items.length - 1;
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & mask;
      if (this.#turns[at] === Turn.serve) this.#turns[at] = Turn.abort;
      this.#dueNs[at] = 0;
    }
    this.#busyUntilNs = 0;
    this.#resets.push({ upTo: this.#came, done });
    this.#executor.post(this.#task);
  }

  /** Where `item` waits, or -1. */
  #find(item: Item): number {
    const mask = this.#items.length - 1;
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & mask;
      if (this.#items[at] === item) return at;
    }
    return -1;
  }

  #run(): void {
    // What comes while this batch is served waits for a task of its own.
    const now = this.#executor.now;
    for (let left = this.#count; left > 0; left--) {
      const at = this.#head;
      if (this.#dueNs[at]! > now) break;
      const item = this.#items[at]!;
      const turn = this.#turns[at]! as Turn;
      this.#items[at] = undefined;
      this.#head = (at + 1) & (this.#items.length - 1);
      this.#count -= 1;
      this.#serve(item, turn);
    }
    if (this.#count > 0) {
      this.#executor.schedule(this.#task, Math.max(this.#dueNs[this.#head]!, now));
    }
    if (this.#resets.length > 0) this.#finishResets();
  }

  #finishResets(): void {
    const gone = this.#came - this.#count;
    const finished = this.#resets.filter((reset) => reset.upTo <= gone);
    this.#resets = this.#resets.filter((reset) => reset.upTo > gone);
    for (const reset of finished) reset.done();
  }

  #grow(): void {
    const old = this.#items.length;
    const items = new Array<Item | undefined>(old * 2).fill(undefined);
    const turns = new Uint8Array(old * 2);
    const dueNs = new Float64Array(old * 2);
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (old - 1);
      items[i] = this.#items[at];
      turns[i] = this.#turns[at]!;
      dueNs[i] = this.#dueNs[at]!;
    }
    this.#items = items;
    this.#turns = turns;
    this.#dueNs = dueNs;
    this.#head = 0;
  }
}
