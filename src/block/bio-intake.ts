/**
 * The way of a bio into requests: it is cut by the limits, and each part merges into a request that waits or gets one of its own, which
 * goes to the flush machine, into the plug, to the scheduler, or straight to the driver.
 */
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  contextOf,
  type QueueLimits,
} from '../interfaces/bio.ts';
import { BlockAction } from '../interfaces/block-observer.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { BioLedger } from './bio-ledger.ts';
import type { BioWalk } from './bio-walk.ts';
import type { BlkRequest } from './blk-request.ts';
import type { BlockSight } from './block-sight.ts';
import { type FlushMachine, flushStepsFor } from './flush-machine.ts';
import type { HardwareQueue } from './hardware-queue.ts';
import type { IoScheduler } from './io-scheduler.ts';
import { MergeKind, type Merger } from './merge-rule.ts';
import type { Plug } from './plug.ts';
import { nextPartSectors, takePart } from './split-rule.ts';

/** The parts of a queue that a bio meets on its way in. */
export interface BioIntakeParts {
  executor: Executor;
  limits: QueueLimits;
  scheduler: IoScheduler;
  flushMachines: readonly FlushMachine[];
  plug: Plug;
  merger: Merger;
  ledger: BioLedger;
  sight: BlockSight;
  /** `nomerges` of sysfs. */
  noMerges: number;
  /** A zoned device: the plug would turn its writes round. */
  isZoned: boolean;
  /** What each request costs before the driver sees it, one after another. */
  requestNs: number;
}

/** Turns bios into requests. */
export class BioIntake {
  readonly #executor: Executor;
  readonly #limits: QueueLimits;
  readonly #scheduler: IoScheduler;
  readonly #flushMachines: readonly FlushMachine[];
  readonly #plug: Plug;
  readonly #merger: Merger;
  readonly #ledger: BioLedger;
  readonly #sight: BlockSight;
  readonly #noMerges: number;
  readonly #isZoned: boolean;
  readonly #requestNs: number;
  #busyUntilNs = 0;

  constructor(parts: BioIntakeParts) {
    this.#executor = parts.executor;
    this.#limits = parts.limits;
    this.#scheduler = parts.scheduler;
    this.#flushMachines = parts.flushMachines;
    this.#plug = parts.plug;
    this.#merger = parts.merger;
    this.#ledger = parts.ledger;
    this.#sight = parts.sight;
    this.#noMerges = parts.noMerges;
    this.#isZoned = parts.isZoned;
    this.#requestNs = parts.requestNs;
  }

  /** Takes a bio behind those that wait for a request. */
  enter(queue: HardwareQueue, walk: BioWalk, bio: Bio): void {
    const line = queue.lineOf(this.#scheduler.slotLimit(bio.op, walk.flags, queue.requests.length));
    if (line.head === undefined) this.#take(queue, walk);
    else if (walk.isNoWait) this.#refuse(walk, bio);
    else line.push(walk);
  }

  /** Takes bios that waited for a request, as far as there are some. */
  wake(queue: HardwareQueue): void {
    for (const line of queue.lines) {
      for (let first = line.shift(); first !== undefined; first = line.shift()) {
        this.#take(queue, first);
        if (line.head === first) break;
      }
    }
  }

  /** Takes parts of a bio until it has none left or must wait. */
  #take(queue: HardwareQueue, walk: BioWalk): void {
    while (!walk.isTaken && this.#takeNext(queue, walk));
  }

  /** Takes the next part; false when the bio waits for a tag. */
  #takeNext(queue: HardwareQueue, walk: BioWalk): boolean {
    const bio = walk.bio!;
    const left = bio.sectorCount - walk.sectorsTaken;
    const sectors = left === 0 ? 0 : nextPartSectors(this.#limits, bio, walk);
    const isCut = sectors < left;
    if (isCut && (sectors === 0 || walk.isNoWait)) {
      if (sectors === 0) this.#ledger.giveUp(walk, BlkStatus.ioError);
      else this.#refuse(walk, bio);
      return true;
    }
    if (!isCut && !walk.isSlept && sectors > 0 && this.#merge(walk, bio, sectors)) return true;
    const limit = this.#scheduler.slotLimit(bio.op, walk.flags, queue.requests.length);
    let request = queue.take(limit);
    if (request === undefined && !walk.isNoWait && this.#isPluggedBy(walk.flags)) {
      // The plug must not hold the requests that its own submitter waits for.
      this.#plug.sleep();
      request = queue.take(limit);
    }
    if (request === undefined) {
      if (walk.isNoWait) {
        this.#refuse(walk, bio);
        return true;
      }
      // First in line: parts of it may be under way.
      queue.lineOf(limit).unshift(walk);
      walk.isSlept = true;
      return false;
    }
    walk.isSlept = false;
    this.#fill(request, walk, bio, sectors, isCut);
    walk.isTaken = !isCut;
    this.#send(queue, request);
    return true;
  }

  /** Does the plug hold requests of the same I/O context? */
  #isPluggedBy(flags: number): boolean {
    const { newest } = this.#plug;
    return newest !== undefined && contextOf(newest.flags) === contextOf(flags);
  }

  #fill(request: BlkRequest, walk: BioWalk, bio: Bio, sectors: number, isCut: boolean): void {
    const flags = isCut ? walk.flags | BioFlag.noMerge : walk.flags;
    request.begin(walk, bio, sectors, flags);
    request.flushSteps = flushStepsFor(this.#limits, walk.flags, sectors > 0);
    request.isFlush = request.flushSteps !== 0;
    if (request.isFlush) {
      request.flags &= this.#limits.fua ? ~BioFlag.preflush : ~(BioFlag.preflush | BioFlag.fua);
    }
    takePart(this.#limits, bio, walk, sectors, request.data);
    request.segmentCount = request.data.count;
    const rest = request.sector + sectors;
    if (isCut) this.#sight.request(BlockAction.split, request, walk.flags, rest);
    this.#sight.request(BlockAction.gotRequest, request, walk.flags);
    if (this.#requestNs === 0) return;
    this.#busyUntilNs = Math.max(this.#busyUntilNs, this.#executor.now) + this.#requestNs;
    request.readyNs = this.#busyUntilNs;
  }

  #send(queue: HardwareQueue, request: BlkRequest): void {
    if (request.flushSteps !== 0) {
      this.#flushMachines[queue.index]!.begin(request);
    } else if ((request.flags & BioFlag.fua) !== 0) {
      queue.dispatch(request);
    } else if (this.#plug.isSet && !(this.#isZoned && request.op === BioOp.write)) {
      this.#plug.add(request);
    } else if (this.#scheduler.isDirect && !queue.isBusy) {
      queue.issue(request, true);
    } else {
      queue.insert(request);
      queue.runLater();
    }
  }

  /** Merges what is left of a bio into the newest request of the plug, or into one of the scheduler's. */
  #merge(walk: BioWalk, bio: Bio, sectors: number): boolean {
    if (this.#noMerges >= 2) return false;
    const { newest } = this.#plug;
    if (newest !== undefined) {
      if (this.#merger.tryMerge(newest, walk, bio, sectors) !== MergeKind.none) return true;
    }
    return this.#scheduler.mergeBio(walk, bio, sectors) !== MergeKind.none;
  }

  /** A bio that may not wait ends without a request: the event C. */
  #refuse(walk: BioWalk, bio: Bio): void {
    const { again } = BlkStatus;
    this.#sight.bio(BlockAction.completed, bio, walk.flags, bio.sector, bio.sectorCount, again);
    this.#ledger.giveUp(walk, again);
  }
}
