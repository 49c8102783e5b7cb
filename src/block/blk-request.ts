/** A request slot of the tag set, with what the block layer keeps beside what the driver sees. */
import { SgList } from '../base/sg-list.ts';
import { type Bio, BioOp, BlkStatus, SECTOR_BYTES } from '../interfaces/bio.ts';
import type { Request } from '../interfaces/blk-mq.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { BioWalk } from './bio-walk.ts';

/** Where a request is. */
export const RequestState = { free: 0, queued: 1, inDriver: 2 } as const;
/** One of {@link RequestState}. */
export type RequestState = (typeof RequestState)[keyof typeof RequestState];

/** A request; one for each tag of each hardware queue, and one more for the flushes of each. */
export class BlkRequest implements Request {
  ioId = 0;
  op: BioOp = BioOp.read;
  sector = 0;
  sectorCount = 0;
  flags = 0;
  tag: number;
  memory: GuestMemory;
  readonly data = new SgList();
  raw: Uint8Array | undefined = undefined;
  status: BlkStatus = BlkStatus.ok;
  result = 0;
  end: (request: Request) => void;
  requeue: (request: Request, sectorsDone: number) => void;

  /** Its place among the requests of the hardware queue; the driver's tag is another when a scheduler lies between. */
  readonly slot: number;
  /** Hardware queue that it belongs to. */
  readonly hardwareQueue: number;
  state: RequestState = RequestState.free;
  /** The next request on the list that this one is on. */
  next: BlkRequest | undefined = undefined;
  /** The request before it on that list. */
  previous: BlkRequest | undefined = undefined;
  /** The bios that it carries, linked by `nextInRequest` when there are several. */
  firstWalk: BioWalk | undefined = undefined;
  lastWalk: BioWalk | undefined = undefined;
  walkCount = 0;
  /** Memory segments of its bios; `data` has fewer where one continues another. */
  segmentCount = 0;
  /** It holds one of the slots of which its kind may hold only so many. */
  isLimited = false;
  /** Steps of the flush machine that are left, a bit set; 0 for a request that does not pass through it. */
  flushSteps = 0;
  /** It passes, or passed, through the flush machine. */
  isFlush = false;
  /** The scheduler had it, and hears of its end. */
  isScheduled = false;
  /** When the scheduler got it. */
  insertedNs = 0;
  /** For the scheduler: when it falls due, and one number of its own. */
  dueTick = 0;
  domain = 0;
  /** Not handed to the driver before this instant: what the block layer's own work costs. */
  readyNs = 0;
  /** When the driver took it. */
  startedNs = 0;
  /** When it has taken too long. */
  deadlineNs = 0;

  constructor(
    hardwareQueue: number,
    slot: number,
    memory: GuestMemory,
    end: (request: BlkRequest) => void,
    requeue: (request: BlkRequest, sectorsDone: number) => void,
  ) {
    this.hardwareQueue = hardwareQueue;
    this.slot = slot;
    this.tag = slot;
    this.memory = memory;
    this.end = () => end(this);
    this.requeue = (_, sectorsDone) => requeue(this, sectorsDone);
  }

  /** Starts anew as the next `sectors` of a bio; its memory is still to come. */
  begin(walk: BioWalk, bio: Bio, sectors: number, flags: number): void {
    this.ioId = bio.ioId;
    this.op = bio.op;
    this.sector = bio.sector + walk.sectorsTaken;
    this.sectorCount = sectors;
    this.memory = bio.memory;
    this.flags = flags;
    this.status = BlkStatus.ok;
    this.result = 0;
    this.firstWalk = walk;
    this.lastWalk = walk;
    this.walkCount = 1;
    this.isScheduled = false;
    walk.partsInFlight += 1;
  }
}

/** Takes the first `sectors` off a request: they are done. */
export function dropFront(request: BlkRequest, sectors: number): void {
  const { data } = request;
  if (data.byteLength > 0) {
    const rest = new SgList(data.count);
    rest.appendRange(data, sectors * SECTOR_BYTES, data.byteLength - sectors * SECTOR_BYTES);
    data.clear();
    data.append(rest);
    request.segmentCount = data.count;
  }
  request.sector += sectors;
  request.sectorCount -= sectors;
}

/** Requests, first in, first out; a request is on one list at a time. */
export class RequestList {
  /** The first request, or `undefined`. */
  head: BlkRequest | undefined = undefined;
  /** The last request, or `undefined`. */
  tail: BlkRequest | undefined = undefined;
  /** How many there are. */
  count = 0;

  /** Adds a request at the end. */
  push(request: BlkRequest): void {
    request.next = undefined;
    request.previous = this.tail;
    if (this.tail === undefined) this.head = request;
    else this.tail.next = request;
    this.tail = request;
    this.count += 1;
  }

  /** Adds a request at the front. */
  unshift(request: BlkRequest): void {
    request.next = this.head;
    request.previous = undefined;
    if (this.head === undefined) this.tail = request;
    else this.head.previous = request;
    this.head = request;
    this.count += 1;
  }

  /** Adds a request before one that is on this list. */
  insertBefore(place: BlkRequest, request: BlkRequest): void {
    request.next = place;
    request.previous = place.previous;
    if (place.previous === undefined) this.head = request;
    else place.previous.next = request;
    place.previous = request;
    this.count += 1;
  }

  /** Takes the first request. */
  shift(): BlkRequest | undefined {
    const request = this.head;
    if (request !== undefined) this.remove(request);
    return request;
  }

  /** Takes the last request. */
  pop(): BlkRequest | undefined {
    const request = this.tail;
    if (request !== undefined) this.remove(request);
    return request;
  }

  /** Takes out a request that is on this list. */
  remove(request: BlkRequest): void {
    if (request.previous === undefined) this.head = request.next;
    else request.previous.next = request.next;
    if (request.next === undefined) this.tail = request.previous;
    else request.next.previous = request.previous;
    request.next = undefined;
    request.previous = undefined;
    this.count -= 1;
  }
}
