/** Requests that wait, by sector and by age, and their merging: what the schedulers that sort have in common. */
import type { Bio, BioOp } from '../interfaces/bio.ts';
import type { BioWalk } from './bio-walk.ts';
import { type BlkRequest, RequestList } from './blk-request.ts';
import type { SchedulerHost } from './io-scheduler.ts';
import { MergeKind } from './merge-rule.ts';
import { SortedRequests } from './sorted-requests.ts';

/** Requests of one direction, class or process. */
export class ElevatorQueue {
  /** By sector. */
  readonly sorted = new SortedRequests();
  /** By age; the `dueTick` of the first is the earliest. */
  readonly fifo = new RequestList();

  /** Adds the newest request. */
  add(request: BlkRequest): void {
    this.sorted.insert(request);
    this.fifo.push(request);
  }

  /** Takes a request out. */
  remove(request: BlkRequest): void {
    this.sorted.remove(request);
    this.fifo.remove(request);
  }
}

/** What a merger asks of its scheduler. */
export interface ElevatorQueues {
  /** The queue in which such requests wait; `undefined` when none did so far. */
  queueOf(op: BioOp, flags: number): ElevatorQueue | undefined;
  /** A request became part of the one before it; `following` came behind it. */
  mergedAway(request: BlkRequest, following: BlkRequest | undefined): void;
}

/** Merges bios and requests into those that wait in the queues of one scheduler. */
export class ElevatorMerger {
  readonly #host: SchedulerHost;
  readonly #queues: ElevatorQueues;
  readonly #frontMerges: boolean;
  /** The request that something was merged into last, or that came into an empty scheduler: tried first, at both ends. */
  #lastMerge: BlkRequest | undefined = undefined;

  constructor(host: SchedulerHost, queues: ElevatorQueues, frontMerges: boolean) {
    this.#host = host;
    this.#queues = queues;
    this.#frontMerges = frontMerges;
  }

  /** A request came in. */
  inserted(request: BlkRequest): void {
    this.#lastMerge ??= request;
  }

  /** A request leaves. */
  removed(request: BlkRequest): void {
    if (this.#lastMerge === request) this.#lastMerge = undefined;
  }

  /** Merges what is left of a bio. */
  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const last = this.#lastMerge;
    if (last !== undefined) {
      const kind = this.#mergeInto(last, walk, bio, sectors);
      if (kind !== MergeKind.none) return kind;
    }
    if (this.#host.noMerges > 0) return MergeKind.none;
    const start = bio.sector + walk.sectorsTaken;
    const sorted = this.#queues.queueOf(bio.op, walk.flags)?.sorted;
    const before = sorted?.endingAt(start);
    if (before !== undefined) {
      const kind = this.#mergeInto(before, walk, bio, sectors);
      if (kind !== MergeKind.none) return kind;
    }
    const after = this.#frontMerges ? sorted?.startingAt(start + sectors) : undefined;
    return after === undefined ? MergeKind.none : this.#mergeInto(after, walk, bio, sectors);
  }

  /** Merges a request that comes in behind one that waits; that one may then continue another. */
  mergeRequest(request: BlkRequest): boolean {
    const host = this.#host;
    if (host.noMerges >= 2) return false;
    if (this.#lastMerge !== undefined && host.mergeRequests(this.#lastMerge, request)) return true;
    if (host.noMerges > 0) return false;
    const sorted = this.#queues.queueOf(request.op, request.flags)?.sorted;
    const before = sorted?.endingAt(request.sector);
    if (before === undefined || !host.mergeRequests(before, request)) return false;
    this.#lastMerge = before;
    for (let found = before; ; ) {
      const earlier = sorted?.endingAt(found.sector);
      if (earlier === undefined || !this.#mergePair(earlier, found)) return true;
      found = earlier;
    }
  }

  /** Merges a bio into a request, and that one into its neighbour when the gap between them closed. */
  #mergeInto(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const { sorted } = this.#queues.queueOf(request.op, request.flags)!;
    const previous = sorted.previous(request);
    const next = sorted.next(request);
    const before = request.sector;
    const kind = this.#host.mergeBio(request, walk, bio, sectors);
    if (kind === MergeKind.none) return kind;
    if (kind === MergeKind.back) {
      if (next === undefined || !this.#mergePair(request, next)) this.#lastMerge = request;
      return kind;
    }
    // A front merge changes its place among the sorted.
    const start = request.sector;
    request.sector = before;
    sorted.remove(request);
    request.sector = start;
    sorted.insert(request);
    if (previous === undefined || !this.#mergePair(previous, request)) this.#lastMerge = request;
    return kind;
  }

  /** Merges `next` into `request`, which takes its time if that is earlier. */
  #mergePair(request: BlkRequest, next: BlkRequest): boolean {
    if (this.#host.noMerges > 0) return false;
    const { sorted, fifo } = this.#queues.queueOf(next.op, next.flags)!;
    const { dueTick } = next;
    const following = sorted.next(next);
    if (!this.#host.mergeRequests(request, next)) return false;
    sorted.remove(next);
    if (dueTick < request.dueTick) {
      // The pair stands where the older one stood.
      fifo.remove(request);
      fifo.insertBefore(next, request);
      request.dueTick = dueTick;
    }
    fifo.remove(next);
    this.#queues.mergedAway(next, following);
    this.#lastMerge = request;
    return true;
  }
}
