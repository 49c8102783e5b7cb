/** Schedulers: in which order requests go to the driver. */
import type { Bio, BioOp } from '../interfaces/bio.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { BioWalk } from './bio-walk.ts';
import { type BlkRequest, RequestList } from './blk-request.ts';
import type { MergeKind } from './merge-rule.ts';

/** A tick of the clock by which schedulers count their expiry times, as jiffies at 250 Hz: 4 ms. */
export const TICK_NS = 4_000_000;

/** What a scheduler gets from the queue that it works for. */
export interface SchedulerHost {
  readonly executor: Executor;
  readonly hardwareQueueCount: number;
  /** Requests of each hardware queue that may wait or be in flight. */
  readonly requestCount: number;
  /** `nomerges` of sysfs: 1 leaves only the cheap look at the newest request, 2 merges nothing. */
  readonly noMerges: number;
  /** Merges what is left of a bio into a waiting request, if place, limits and flags allow it. */
  mergeBio(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): MergeKind;
  /** Merges a waiting request behind another one; `next` is gone then and its slot free. */
  mergeRequests(request: BlkRequest, next: BlkRequest): boolean;
  /** A request goes among those that wait: the event I. */
  inserted(request: BlkRequest): void;
  /** Something may go to the driver that could not before. */
  run(): void;
}

/** Holds requests between their insertion and their dispatch. Flushes and what the driver pushed back pass it by. */
export interface IoScheduler {
  /** Name as in sysfs `queue/scheduler`. */
  readonly name: string;
  /** A request may go to the driver without being inserted, and a plug is then handed over newest first. */
  readonly isDirect: boolean;
  /** Called once, before all else. */
  attach(host: SchedulerHost): void;
  /** Most slots of one hardware queue that operations like this one may hold, of `slots`. */
  slotLimit(op: BioOp, flags: number, slots: number): number;
  /** Merges what is left of a bio into a request that waits here. */
  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind;
  /** Takes a request, or merges it into one that waits here; tells the host which (`inserted` or `mergeRequests`). */
  insert(request: BlkRequest, atHead: boolean): void;
  /** Does a request wait here that may go to this hardware queue? Asked before {@link dispatch}. */
  hasWork(hardwareQueue: number): boolean;
  /** The next request for a hardware queue, or `undefined` when there is none for it now. */
  dispatch(hardwareQueue: number): BlkRequest | undefined;
  /** A request that was inserted ended; `nowNs` minus its `insertedNs` is its whole time. */
  ended(request: BlkRequest): void;
}

/** First in, first out; a plug is handed over newest first, as direct issue does. */
export class NoneScheduler implements IoScheduler {
  readonly name = 'none';
  readonly isDirect = true;
  #lists: readonly RequestList[] = [];
  #host: SchedulerHost | undefined = undefined;

  attach(host: SchedulerHost): void {
    this.#host = host;
    this.#lists = Array.from({ length: host.hardwareQueueCount }, () => new RequestList());
  }

  slotLimit(_op: BioOp, _flags: number, slots: number): number {
    return slots;
  }

  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    for (const list of this.#lists) {
      const kind = mergeIntoNewest(this.#host!, list, walk, bio, sectors);
      if (kind !== 0) return kind;
    }
    return 0;
  }

  insert(request: BlkRequest, atHead: boolean): void {
    this.#host!.inserted(request);
    const list = this.#lists[request.hardwareQueue]!;
    if (atHead) list.unshift(request);
    else list.push(request);
  }

  hasWork(hardwareQueue: number): boolean {
    return this.#lists[hardwareQueue]!.head !== undefined;
  }

  dispatch(hardwareQueue: number): BlkRequest | undefined {
    return this.#lists[hardwareQueue]!.shift();
  }

  ended(): void {}
}

/** How many of the newest requests of a list a bio is tried with. */
const NEWEST_TRIED = 8;

/** Tries a bio with the newest requests of a list. */
export function mergeIntoNewest(
  host: SchedulerHost,
  list: RequestList,
  walk: BioWalk,
  bio: Bio,
  sectors: number,
): MergeKind {
  let request = list.tail;
  for (let tried = 0; request !== undefined && tried < NEWEST_TRIED; tried++) {
    const kind = host.mergeBio(request, walk, bio, sectors);
    if (kind !== 0) return kind;
    request = request.previous;
  }
  return 0;
}

/** Slots are counted by words of up to 64 bits: a limit is so many bits of each word, at least one. */
export function wordLimit(depth: number, slots: number): number {
  if (depth >= slots) return slots;
  let shift = 6;
  while (shift > 0 && 4 << shift > slots) shift -= 1;
  const bits = Math.max(1, Math.ceil((depth << shift) / slots));
  const words = Math.ceil(slots / (1 << shift));
  return Math.min(slots, bits * words);
}
