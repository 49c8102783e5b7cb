/**
 * Merging of a bio, or of another request, into a request that waits, at its end or at its front, when no limit of the queue is exceeded.
 *
 * Never merged: flushes, FUA, what is marked NOMERGE, pieces that were cut from a bio (but for its last), write zeroes, bios of another
 * memory or priority. A request that a neighbour did not fit into takes no other one either.
 */
import { SgList } from '../base/sg-list.ts';
import { type Bio, BioFlag, BioOp, PRIORITY_MASK, type QueueLimits } from '../interfaces/bio.ts';
import { BlockAction } from '../interfaces/block-observer.ts';
import type { BioWalk } from './bio-walk.ts';
import type { BlkRequest } from './blk-request.ts';
import type { BlockSight } from './block-sight.ts';
import type { QueueStats } from './queue-stats.ts';
import { isWithoutGap, takePart } from './split-rule.ts';

const UNMERGEABLE = BioFlag.preflush | BioFlag.fua | BioFlag.noMerge;

/** Which end of the request a bio was merged to. */
export const MergeKind = { none: 0, back: 1, front: 2 } as const;
/** One of {@link MergeKind}. */
export type MergeKind = (typeof MergeKind)[keyof typeof MergeKind];

/** Merges the last parts of bios into requests of one queue, tells it (M, F) and counts it. */
export class Merger {
  readonly #limits: QueueLimits;
  readonly #sight: BlockSight;
  readonly #stats: QueueStats;
  readonly #scratch = new SgList();

  constructor(limits: QueueLimits, sight: BlockSight, stats: QueueStats) {
    this.#limits = limits;
    this.#sight = sight;
    this.#stats = stats;
  }

  /** Adds what is left of a bio, `sectors` that need no cut, to the request if that is allowed. */
  tryMerge(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const start = bio.sector + walk.sectorsTaken;
    const isBack = request.sector + request.sectorCount === start;
    if (!isBack && start + sectors !== request.sector) return MergeKind.none;
    if (bio.op !== request.op || request.memory !== bio.memory) return MergeKind.none;
    if (((request.flags | walk.flags) & UNMERGEABLE) !== 0) return MergeKind.none;
    if (((request.flags ^ walk.flags) & PRIORITY_MASK) !== 0) return MergeKind.none;
    if (!isMergeable(bio.op)) return MergeKind.none;
    if (isBack) {
      return this.#mergeBack(request, walk, bio, sectors) ? MergeKind.back : MergeKind.none;
    }
    return this.#mergeFront(request, walk, bio, sectors) ? MergeKind.front : MergeKind.none;
  }

  /** Adds all of `next` to the end of `request` if that is allowed; `next` keeps its fields but has no bio any more. */
  tryMergeRequests(request: BlkRequest, next: BlkRequest): boolean {
    if (request.sector + request.sectorCount !== next.sector) return false;
    if (next.op !== request.op || request.memory !== next.memory) return false;
    if (((request.flags | next.flags) & UNMERGEABLE) !== 0 || !isMergeable(next.op)) return false;
    if (((request.flags ^ next.flags) & PRIORITY_MASK) !== 0) return false;
    const { data } = request;
    const total = request.sectorCount + next.sectorCount;
    if (data.count > 0) {
      const isJoined = isWithoutGap(this.#limits, endOf(data, data.count - 1), next.data.lo[0]!);
      if (!isJoined || data.count + next.data.count > this.#limits.maxSegments) return false;
    }
    if (total > this.#mostSectors(request.op, request.sector)) return false;
    data.append(next.data);
    request.lastWalk!.nextInRequest = next.firstWalk;
    request.lastWalk = next.lastWalk;
    request.walkCount += next.walkCount;
    request.sectorCount = total;
    this.#sight.request(BlockAction.backMerged, next);
    this.#stats.of(next.op).merges += 1;
    return true;
  }

  #mergeBack(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): boolean {
    if (!this.#fits(request, request.sector, bio, walk, sectors)) return false;
    const list = request.data;
    const last = list.count - 1;
    if (last >= 0 && !isWithoutGap(this.#limits, endOf(list, last), this.#scratch.lo[0]!)) {
      return false;
    }
    list.append(this.#scratch);
    request.lastWalk!.nextInRequest = walk;
    request.lastWalk = walk;
    this.#merged(BlockAction.backMerged, request, walk, bio, sectors);
    return true;
  }

  #mergeFront(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): boolean {
    const start = request.sector - sectors;
    if (!this.#fits(request, start, bio, walk, sectors)) return false;
    const scratch = this.#scratch;
    const list = request.data;
    const last = scratch.count - 1;
    if (last >= 0 && !isWithoutGap(this.#limits, endOf(scratch, last), list.lo[0]!)) return false;
    scratch.append(list);
    list.clear();
    list.append(scratch);
    request.sector = start;
    walk.nextInRequest = request.firstWalk;
    request.firstWalk = walk;
    this.#merged(BlockAction.frontMerged, request, walk, bio, sectors);
    return true;
  }

  #merged(
    action: BlockAction,
    request: BlkRequest,
    walk: BioWalk,
    bio: Bio,
    sectors: number,
  ): void {
    this.#sight.bio(action, bio, walk.flags, bio.sector + walk.sectorsTaken, sectors);
    this.#stats.of(bio.op).merges += 1;
    request.sectorCount += sectors;
    request.walkCount += 1;
    walk.sectorsTaken += sectors;
    walk.partsInFlight += 1;
    walk.isTaken = true;
  }

  /** Do both together keep the limits? The segments of the bio are in the scratch list then. */
  #fits(request: BlkRequest, start: number, bio: Bio, walk: BioWalk, sectors: number): boolean {
    const limits = this.#limits;
    this.#scratch.clear();
    const { sectorsTaken, segment, segmentOffset } = walk;
    takePart(limits, bio, walk, sectors, this.#scratch);
    walk.sectorsTaken = sectorsTaken;
    walk.segment = segment;
    walk.segmentOffset = segmentOffset;
    const total = request.sectorCount + sectors;
    const isSmall = total <= this.#mostSectors(request.op, start);
    if (isSmall && request.data.count + this.#scratch.count <= limits.maxSegments) return true;
    request.flags |= BioFlag.noMerge;
    return false;
  }

  #mostSectors(op: BioOp, start: number): number {
    const { chunkSectors, maxDiscardSectors, maxSectors } = this.#limits;
    if (op === BioOp.discard) return maxDiscardSectors;
    return chunkSectors === 0
      ? maxSectors
      : Math.min(maxSectors, chunkSectors - (start % chunkSectors));
  }
}

function isMergeable(op: BioOp): boolean {
  return op === BioOp.read || op === BioOp.write || op === BioOp.discard;
}

function endOf(list: SgList, index: number): number {
  return (list.lo[index]! + list.lengths[index]!) >>> 0;
}
