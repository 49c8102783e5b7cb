/**
 * The scheduler `bfq`: each process gets its share of the sectors, by its weight.
 *
 * Requests wait by process (I/O context), those that nobody waits for by priority alone. One queue is served at a time, up to a budget of
 * sectors or `timeoutSync`; the next is the one of the highest class that would finish its budget first in virtual time among those whose
 * turn has come (B-WF2Q+). A queue of near requests that is empty keeps its turn for `sliceIdle`, for its process may go on in a moment.
 * Inside a queue the request nearest to the last one goes first, backward counting `backSeekPenalty` times, but one past its time before all.
 *
 * After P. Valente and F. Checconi, "High Throughput Disk Scheduling with Fair Bandwidth Distribution", IEEE Transactions on Computers 59
 * (2010).
 *
 * Does not model: groups of processes, merged queues, injection, weight raising (`low_latency`), budgets that follow the speed of the device.
 */
import { type Bio, BioFlag, BioOp, contextOf, PRIORITY_MASK } from '../interfaces/bio.ts';
import type { Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import { BfqQueue } from './bfq-queue.ts';
import type { BioWalk } from './bio-walk.ts';
import { type BlkRequest, RequestList } from './blk-request.ts';
import { ElevatorMerger } from './elevator-queue.ts';
import { type IoScheduler, type SchedulerHost, TICK_NS, wordLimit } from './io-scheduler.ts';
import type { MergeKind } from './merge-rule.ts';

/** Parameters by their sysfs names (`queue/iosched/*`) in camel case; times in milliseconds. */
export interface BfqParameters {
  /** `slice_idle`; 8 unless given. */
  sliceIdle?: number;
  /** `timeout_sync`; 124 unless given. */
  timeoutSync?: number;
  /** `max_budget` in sectors; 0, which stands for 16,384, unless given. */
  maxBudget?: number;
  /** `fifo_expire_sync`; 125 unless given. */
  fifoExpireSync?: number;
  /** `fifo_expire_async`; 250 unless given. */
  fifoExpireAsync?: number;
  /** `back_seek_max` in KiB; 16,384 unless given. */
  backSeekMax?: number;
  /** `back_seek_penalty`; 2 unless given. */
  backSeekPenalty?: number;
}

const DEFAULT_BUDGET = 16_384;
const CLASSES = 3;
const TICK_MS = TICK_NS / 1_000_000;
/** Queues of processes that have nothing waiting are forgotten when there are more than these. */
const KEPT_QUEUES = 256;

/** See the file header. */
export class BfqScheduler implements IoScheduler {
  readonly name = 'bfq';
  readonly isDirect = false;
  readonly #sliceIdleNs: number;
  readonly #timeoutTicks: number;
  readonly #maxBudget: number;
  readonly #expireTicks: readonly [sync: number, async: number];
  readonly #backSeekSectors: number;
  readonly #backSeekPenalty: number;
  readonly #queues = new Map<number, BfqQueue>();
  readonly #active: BfqQueue[] = [];
  readonly #atHead = new RequestList();
  /** Virtual time and sum of the weights of each class. */
  readonly #virtual = [0, 0, 0];
  readonly #weights = [0, 0, 0];
  readonly #idleTask: Task = makeTask('bfq', () => this.#idled());
  #host: SchedulerHost | undefined = undefined;
  #merger: ElevatorMerger | undefined = undefined;
  #inService: BfqQueue | undefined = undefined;
  #lastSector = 0;
  #count = 0;

  constructor(parameters: BfqParameters = {}) {
    this.#sliceIdleNs = (parameters.sliceIdle ?? 8) * 1_000_000;
    this.#timeoutTicks = ticks(parameters.timeoutSync ?? 124);
    this.#maxBudget = parameters.maxBudget || DEFAULT_BUDGET;
    this.#expireTicks = [
      ticks(parameters.fifoExpireSync ?? 125),
      ticks(parameters.fifoExpireAsync ?? 250),
    ];
    this.#backSeekSectors = (parameters.backSeekMax ?? 16_384) * 2;
    this.#backSeekPenalty = parameters.backSeekPenalty ?? 2;
  }

  attach(host: SchedulerHost): void {
    this.#host = host;
    const queues = {
      queueOf: (op: BioOp, flags: number) => this.#queues.get(keyOf(op, flags)),
      mergedAway: () => {
        this.#count -= 1;
      },
    };
    this.#merger = new ElevatorMerger(host, queues, true);
  }

  slotLimit(op: BioOp, flags: number, slots: number): number {
    if (op === BioOp.read) return slots;
    return wordLimit((flags & BioFlag.sync) !== 0 ? (slots * 3) >> 2 : slots >> 1, slots);
  }

  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    return this.#merger!.mergeBio(walk, bio, sectors);
  }

  insert(request: BlkRequest, atHead: boolean): void {
    if (!atHead && this.#merger!.mergeRequest(request)) return;
    this.#host!.inserted(request);
    this.#count += 1;
    const queue = this.#queueOf(request);
    if (atHead) {
      this.#atHead.push(request);
      return;
    }
    request.dueTick = this.#nowTick() + this.#expireTicks[queue.isSync ? 0 : 1]!;
    queue.add(request);
    queue.newestFlags = request.flags;
    queue.note(request.sector, request.sectorCount);
    this.#merger!.inserted(request);
    if (!queue.isActive) this.#activate(queue);
    if (queue === this.#inService) this.#host!.executor.cancel(this.#idleTask);
  }

  hasWork(): boolean {
    return this.#count > 0;
  }

  dispatch(): BlkRequest | undefined {
    const first = this.#atHead.shift();
    if (first !== undefined) {
      this.#count -= 1;
      this.#queueOf(first).inFlight += 1;
      return first;
    }
    const queue = this.#select();
    if (queue === undefined) return undefined;
    const request = this.#next(queue)!;
    queue.remove(request);
    this.#merger!.removed(request);
    this.#count -= 1;
    queue.inFlight += 1;
    queue.served += request.sectorCount;
    const { classIndex } = queue;
    this.#virtual[classIndex]! += request.sectorCount / this.#weights[classIndex]!;
    this.#lastSector = request.sector + request.sectorCount;
    return request;
  }

  ended(request: BlkRequest): void {
    const queue = this.#queueOf(request);
    queue.inFlight -= 1;
    if (queue !== this.#inService || queue.inFlight > 0 || queue.fifo.count > 0) return;
    const { executor } = this.#host!;
    if (this.#idles(queue)) executor.schedule(this.#idleTask, executor.now + this.#sliceIdleNs);
  }

  /** The queue whose turn it is, with a request that it may send. */
  #select(): BfqQueue | undefined {
    const current = this.#inService;
    if (current !== undefined) {
      const next = this.#next(current);
      const isLate = this.#nowTick() - current.sinceTick >= this.#timeoutTicks;
      if (next === undefined) {
        const isKept = current.inFlight > 0 || this.#idleTask.slot !== -1;
        if (this.#idles(current) && isKept && !isLate) return undefined;
        this.#expire(current);
      } else if (!isLate && current.served + next.sectorCount <= current.budget) {
        return current;
      } else this.#expire(current);
    }
    const chosen = this.#choose();
    if (chosen === undefined) return undefined;
    chosen.served = 0;
    chosen.sinceTick = this.#nowTick();
    // A request may be larger than what is left of any budget.
    chosen.budget = Math.max(chosen.budget, this.#next(chosen)!.sectorCount);
    this.#inService = chosen;
    return chosen;
  }

  /** Among the queues of the highest class whose start has come, the one that finishes first; else the one that starts first. */
  #choose(): BfqQueue | undefined {
    for (let classIndex = 0; classIndex < CLASSES; classIndex++) {
      let best: BfqQueue | undefined;
      let first: BfqQueue | undefined;
      const now = this.#virtual[classIndex]!;
      for (const queue of this.#active) {
        if (queue.classIndex !== classIndex) continue;
        if (first === undefined || queue.start < first.start) first = queue;
        const hasBegun = queue.start <= now;
        if (hasBegun && (best === undefined || queue.finish < best.finish)) best = queue;
      }
      if (first === undefined) continue;
      if (best !== undefined) return best;
      this.#virtual[classIndex] = first.start;
      return first;
    }
    return undefined;
  }

  #activate(queue: BfqQueue): void {
    queue.isActive = true;
    const { classIndex } = queue;
    queue.setPriority();
    // Each class has a virtual time of its own.
    if (queue.classIndex !== classIndex) queue.finish = 0;
    this.#active.push(queue);
    this.#weights[queue.classIndex]! += queue.weight;
    queue.start = Math.max(queue.finish, this.#virtual[queue.classIndex]!);
    queue.finish = queue.start + queue.budget / queue.weight;
  }

  /** Ends a turn: it is charged for what it got, and takes part again if something waits. */
  #expire(queue: BfqQueue): void {
    this.#inService = undefined;
    this.#host!.executor.cancel(this.#idleTask);
    const isExhausted = queue.fifo.count > 0;
    const most = this.#maxBudget;
    queue.budget = isExhausted
      ? Math.min(most, queue.budget * 2)
      : Math.max(most >> 5, queue.served);
    queue.finish = queue.start + queue.served / queue.weight;
    const active = this.#active;
    for (let i = active.indexOf(queue) + 1; i < active.length; i++) active[i - 1] = active[i]!;
    active.pop();
    this.#weights[queue.classIndex]! -= queue.weight;
    queue.isActive = false;
    if (isExhausted) this.#activate(queue);
  }

  /** Is it worth while to wait for the next request of a queue? */
  #idles(queue: BfqQueue): boolean {
    return this.#sliceIdleNs > 0 && queue.isSync && !queue.isSeeky;
  }

  #idled(): void {
    const queue = this.#inService;
    if (queue === undefined || queue.fifo.count > 0) return;
    this.#expire(queue);
    this.#host!.run();
  }

  /** The next request of a queue. */
  #next(queue: BfqQueue): BlkRequest | undefined {
    const oldest = queue.fifo.head;
    if (oldest === undefined || this.#nowTick() >= oldest.dueTick) return oldest;
    const ahead = queue.sorted.from(this.#lastSector);
    const behind =
      ahead === undefined ? queue.sorted.at(queue.sorted.count - 1) : queue.sorted.previous(ahead);
    if (behind === undefined) return ahead;
    const back = this.#lastSector - behind.sector;
    const isNear = back <= this.#backSeekSectors;
    if (ahead === undefined) return isNear ? behind : queue.sorted.at(0);
    const isBackNearer = back * this.#backSeekPenalty < ahead.sector - this.#lastSector;
    return isNear && isBackNearer ? behind : ahead;
  }

  #queueOf(request: BlkRequest): BfqQueue {
    const key = keyOf(request.op, request.flags);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      if (this.#queues.size >= KEPT_QUEUES) this.#forget();
      queue = new BfqQueue(isSync(request.op, request.flags), this.#maxBudget);
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #forget(): void {
    for (const [key, queue] of this.#queues) {
      if (!queue.isActive && queue.inFlight === 0) this.#queues.delete(key);
    }
  }

  #nowTick(): number {
    return Math.floor(this.#host!.executor.now / TICK_NS);
  }
}

function isSync(op: BioOp, flags: number): boolean {
  return op === BioOp.read || (flags & BioFlag.sync) !== 0;
}

/** Those that somebody waits for by process, the others by priority. */
function keyOf(op: BioOp, flags: number): number {
  return isSync(op, flags) ? contextOf(flags) : -1 - (flags & PRIORITY_MASK);
}

function ticks(milliseconds: number): number {
  return Math.ceil(milliseconds / TICK_MS);
}
