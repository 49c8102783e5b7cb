/** A bio while the block layer has it: how far it was cut, how many parts are under way, how it will end. */
import { type Bio, BioFlag, BlkStatus } from '../interfaces/bio.ts';
import type { BioCursor } from './split-rule.ts';

/** A slot for one bio in flight. */
export class BioWalk implements BioCursor {
  /** The bio; `undefined` while the slot is free. */
  bio: Bio | undefined = undefined;
  sectorsTaken = 0;
  segment = 0;
  segmentOffset = 0;
  /** Flags as they apply here: without those that the write cache makes needless. */
  flags = 0;
  /** Requests that hold a part of the bio. */
  partsInFlight = 0;
  /** All parts were taken, or none will be. */
  isTaken = false;
  /** It found no request and waits, or waited, for the next one. */
  isSlept = false;
  /** First error of any part. */
  status: BlkStatus = BlkStatus.ok;
  /** The next walk on the list that this one is on. */
  next: BioWalk | undefined = undefined;
  /** The next walk of a merged request; only the last part of a bio is ever merged. */
  nextInRequest: BioWalk | undefined = undefined;

  /** Takes up a bio. */
  begin(bio: Bio, flags: number): void {
    this.bio = bio;
    this.sectorsTaken = 0;
    this.segment = 0;
    this.segmentOffset = 0;
    this.flags = flags;
    this.partsInFlight = 0;
    this.isTaken = false;
    this.isSlept = false;
    this.status = BlkStatus.ok;
  }

  /** The bio must end rather than wait. */
  get isNoWait(): boolean {
    return (this.flags & BioFlag.noWait) !== 0;
  }
}

/** Walks, first in, first out. */
export class BioWalkList {
  /** The first walk, or `undefined`. */
  head: BioWalk | undefined = undefined;
  #tail: BioWalk | undefined = undefined;

  /** Adds a walk at the end. */
  push(walk: BioWalk): void {
    walk.next = undefined;
    if (this.#tail === undefined) this.head = walk;
    else this.#tail.next = walk;
    this.#tail = walk;
  }

  /** Adds a walk at the front. */
  unshift(walk: BioWalk): void {
    walk.next = this.head;
    this.head = walk;
    this.#tail ??= walk;
  }

  /** Takes all walks: the first, linked to the others by `next`. */
  takeAll(): BioWalk | undefined {
    const first = this.head;
    this.head = undefined;
    this.#tail = undefined;
    return first;
  }

  /** Takes the first walk. */
  shift(): BioWalk | undefined {
    const walk = this.head;
    if (walk === undefined) return undefined;
    this.head = walk.next;
    if (this.head === undefined) this.#tail = undefined;
    walk.next = undefined;
    return walk;
  }
}

/** Free slots for walks; as many come into being as the submitters ever have bios in flight at once. */
export class BioWalkPool {
  readonly #free = new BioWalkList();
  #inUse = 0;

  /** Bios in flight. */
  get inUse(): number {
    return this.#inUse;
  }

  /** A free slot. */
  take(): BioWalk {
    this.#inUse += 1;
    return this.#free.shift() ?? new BioWalk();
  }

  /** Gives a slot back; nothing of its bio is kept. */
  give(walk: BioWalk): void {
    walk.bio = undefined;
    walk.nextInRequest = undefined;
    this.#inUse -= 1;
    this.#free.push(walk);
  }
}
