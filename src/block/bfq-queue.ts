/** One process's requests under the scheduler `bfq`, with its share of the device. */
import { PriorityClass, priorityClassOf } from '../interfaces/bio.ts';
import { ElevatorQueue } from './elevator-queue.ts';

/** Weights of the priority levels 0 to 7 are 80 to 10. */
const LEVEL_WEIGHT = 10;
const LEVELS = 8;
/** By {@link PriorityClass}. */
const CLASS_INDEX = [1, 0, 1, 2] as const;

/**
 * A queue of `bfq`.
 *
 * Shares are kept by virtual times, as B-WF2Q+ has them: a queue that is served up to its budget goes from `start` to `finish`, which is the
 * budget divided by the weight.
 */
export class BfqQueue extends ElevatorQueue {
  /** 0 real time, 1 best effort, 2 idle. */
  classIndex = 1;
  weight = 0;
  /** Somebody waits for its requests. */
  readonly isSync: boolean;
  /** Flags of its newest request: their priority is the one that it has from its next turn on. */
  newestFlags = 0;
  /** Sectors that it may have in one turn. */
  budget: number;
  /** Sectors of this turn. */
  served = 0;
  /** When this turn began, in ticks. */
  sinceTick = 0;
  start = 0;
  finish = 0;
  /** It takes part in the choice. */
  isActive = false;
  inFlight = 0;
  /** Requests and how many of them were far from the one before, of late. */
  #near = 0;
  #nextSector = 0;

  constructor(isSync: boolean, budget: number) {
    super();
    this.isSync = isSync;
    this.budget = budget;
  }

  /** Takes over the priority of its newest request. */
  setPriority(): void {
    const priority = priorityClassOf(this.newestFlags);
    this.classIndex = CLASS_INDEX[priority]!;
    // Who asks for nothing is in the middle of the best effort class.
    const level = priority === PriorityClass.none ? 4 : (this.newestFlags >> 8) & 7;
    this.weight = (LEVELS - level) * LEVEL_WEIGHT;
  }

  /** Its requests lie apart from one another. */
  get isSeeky(): boolean {
    return this.#near < 0;
  }

  /** Notes where a request lies that came in. */
  note(sector: number, sectorCount: number): void {
    const distance = sector - this.#nextSector;
    const isNear = distance >= -SEEK_SECTORS && distance <= SEEK_SECTORS;
    this.#near = Math.max(-HISTORY, Math.min(HISTORY, this.#near + (isNear ? 1 : -1)));
    this.#nextSector = sector + sectorCount;
  }
}

/** A request that lies further away than this is a seek: 8 * 4 KiB. */
const SEEK_SECTORS = 64;
const HISTORY = 4;
