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
    const segmentCount = request.segmentCount + next.segmentCount;
    if (segmentCount > this.#limits.maxSegments || this.#hasGap(data, next.data)) return false;
    if (total > this.#mostSectors(request.op, request.sector)) return false;
    this.#join(data, next.data);
    request.segmentCount = segmentCount;
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
    if (this.#hasGap(request.data, this.#scratch)) return false;
    const segmentCount = this.#scratch.count;
    this.#join(request.data, this.#scratch);
    request.lastWalk!.nextInRequest = walk;
    request.lastWalk = walk;
    request.segmentCount += segmentCount;
    this.#merged(BlockAction.backMerged, request, walk, bio, sectors);
    return true;
  }

  #mergeFront(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): boolean {
    const start = request.sector - sectors;
    if (!this.#fits(request, start, bio, walk, sectors)) return false;
    const scratch = this.#scratch;
    const list = request.data;
    if (this.#hasGap(scratch, list)) return false;
    const segmentCount = scratch.count;
    this.#join(scratch, list);
    list.clear();
    list.append(scratch);
    request.sector = start;
    walk.nextInRequest = request.firstWalk;
    request.firstWalk = walk;
    request.segmentCount += segmentCount;
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
    if (isSmall && request.segmentCount + this.#scratch.count <= limits.maxSegments) return true;
    request.flags |= BioFlag.noMerge;
    return false;
  }

  /** Would `next` behind `first` leave a gap that the virtual boundary forbids? What begins off the boundary takes nothing behind it. */
  #hasGap(first: SgList, next: SgList): boolean {
    const { virtBoundaryMask } = this.#limits;
    if (virtBoundaryMask === 0 || first.count === 0) return false;
    if ((first.lo[0]! & virtBoundaryMask) !== 0) return true;
    if (this.#continues(first, next)) return false;
    const last = first.count - 1;
    const end = (first.lo[last]! + first.lengths[last]!) >>> 0;
    return !isWithoutGap(this.#limits, end, next.lo[0]!);
  }

  /** Is the first segment of `next` the continuation of the last of `first`, within one segment of the queue? */
  #continues(first: SgList, next: SgList): boolean {
    if (first.count === 0) return false;
    const { maxSegmentSize, segBoundaryMask } = this.#limits;
    const last = first.count - 1;
    const lo = first.lo[last]!;
    const end = lo + first.lengths[last]!;
    const carry = end > 0xffff_ffff ? 1 : 0;
    if (end >>> 0 !== next.lo[0]! || first.hi[last]! + carry !== next.hi[0]!) return false;
    const bytes = first.lengths[last]! + next.lengths[0]!;
    return bytes <= maxSegmentSize && ((lo & segBoundaryMask) >>> 0) + bytes <= segBoundaryMask + 1;
  }

  /** Adds the segments of `next`; one that continues the last becomes part of it. */
  #join(first: SgList, next: SgList): void {
    if (!this.#continues(first, next)) {
      first.append(next);
      return;
    }
    const head = next.lengths[0]!;
    const last = first.count - 1;
    first.lengths[last] = first.lengths[last]! + head;
    first.byteLength += head;
    if (next.count > 1) first.appendRange(next, head, next.byteLength - head);
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
