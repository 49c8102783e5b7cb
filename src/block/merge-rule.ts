/**
 * Merging of a bio into a request that waits in a plug, at its end or at its front, when no limit of the queue is exceeded.
 *
 * Never merged: flushes, FUA, what is marked NOMERGE, pieces that were cut from a bio (but for its last), other operations than read and
 * write, and bios of another memory.
 */
import { SgList } from '../base/sg-list.ts';
import { type Bio, BioFlag, BioOp, type QueueLimits } from '../interfaces/bio.ts';
import type { BioWalk } from './bio-walk.ts';
import type { BlkRequest } from './blk-request.ts';
import { isWithoutGap, takePart } from './split-rule.ts';

const UNMERGEABLE = BioFlag.preflush | BioFlag.fua | BioFlag.noMerge;

/** Which end of the request a bio was merged to. */
export const MergeKind = { none: 0, back: 1, front: 2 } as const;
/** One of {@link MergeKind}. */
export type MergeKind = (typeof MergeKind)[keyof typeof MergeKind];

/** Merges the last parts of bios into requests of one queue. */
export class Merger {
  readonly #limits: QueueLimits;
  readonly #scratch = new SgList();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Adds what is left of a bio, `sectors` that need no cut, to the request if that is allowed. */
  tryMerge(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    if (bio.op !== request.op || request.memory !== bio.memory) return MergeKind.none;
    if (bio.op !== BioOp.read && bio.op !== BioOp.write) return MergeKind.none;
    if (((request.flags | walk.flags) & UNMERGEABLE) !== 0) return MergeKind.none;
    const start = bio.sector + walk.sectorsTaken;
    if (request.sector + request.sectorCount === start) {
      return this.#mergeBack(request, walk, bio, sectors) ? MergeKind.back : MergeKind.none;
    }
    if (start + sectors === request.sector) {
      return this.#mergeFront(request, walk, bio, sectors) ? MergeKind.front : MergeKind.none;
    }
    return MergeKind.none;
  }

  #mergeBack(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): boolean {
    if (!this.#fits(request, request.sector, bio, walk, sectors)) return false;
    const list = request.data;
    const last = list.count - 1;
    if (!isWithoutGap(this.#limits, endOf(list, last), this.#scratch.lo[0]!)) return false;
    list.append(this.#scratch);
    request.lastWalk!.nextInRequest = walk;
    request.lastWalk = walk;
    this.#merged(request, walk, sectors);
    return true;
  }

  #mergeFront(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number): boolean {
    const start = request.sector - sectors;
    if (!this.#fits(request, start, bio, walk, sectors)) return false;
    const scratch = this.#scratch;
    const list = request.data;
    if (!isWithoutGap(this.#limits, endOf(scratch, scratch.count - 1), list.lo[0]!)) return false;
    scratch.append(list);
    list.clear();
    list.append(scratch);
    request.sector = start;
    walk.nextInRequest = request.firstWalk;
    request.firstWalk = walk;
    this.#merged(request, walk, sectors);
    return true;
  }

  #merged(request: BlkRequest, walk: BioWalk, sectors: number): void {
    request.sectorCount += sectors;
    request.walkCount += 1;
    walk.sectorsTaken += sectors;
  }

  /** Do both together keep the limits? The segments of the bio are in the scratch list then. */
  #fits(request: BlkRequest, start: number, bio: Bio, walk: BioWalk, sectors: number): boolean {
    const limits = this.#limits;
    const total = request.sectorCount + sectors;
    if (total > limits.maxSectors) return false;
    const { chunkSectors } = limits;
    if (chunkSectors !== 0 && total > chunkSectors - (start % chunkSectors)) return false;
    this.#scratch.clear();
    const { sectorsTaken, segment, segmentOffset } = walk;
    takePart(limits, bio, walk, sectors, this.#scratch);
    walk.sectorsTaken = sectorsTaken;
    walk.segment = segment;
    walk.segmentOffset = segmentOffset;
    return request.data.count + this.#scratch.count <= limits.maxSegments;
  }
}

function endOf(list: SgList, index: number): number {
  return (list.lo[index]! + list.lengths[index]!) >>> 0;
}
