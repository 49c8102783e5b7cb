/** A request slot of the tag set, with what the block layer keeps beside what the driver sees. */
import { SgList } from '../base/sg-list.ts';
import { BioOp, BlkStatus } from '../interfaces/bio.ts';
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

  /** Hardware queue that it belongs to. */
  readonly hardwareQueue: number;
  state: RequestState = RequestState.free;
  /** The next request on the list that this one is on. */
  next: BlkRequest | undefined = undefined;
  /** The bios that it carries, linked by `nextInRequest` when there are several. */
  firstWalk: BioWalk | undefined = undefined;
  lastWalk: BioWalk | undefined = undefined;
  walkCount = 0;
  /** Steps of the flush machine that are left, a bit set; 0 for a request that does not pass through it. */
  flushSteps = 0;
  /** It goes through the scheduler. */
  isScheduled = false;
  /** Not handed to the driver before this instant: what the block layer's own work costs. */
  readyNs = 0;
  /** When the driver took it. */
  startedNs = 0;
  /** When it has taken too long. */
  deadlineNs = 0;

  constructor(
    hardwareQueue: number,
    tag: number,
    memory: GuestMemory,
    end: (request: BlkRequest) => void,
  ) {
    this.hardwareQueue = hardwareQueue;
    this.tag = tag;
    this.memory = memory;
    this.end = () => end(this);
  }
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
    if (this.tail === undefined) this.head = request;
    else this.tail.next = request;
    this.tail = request;
    this.count += 1;
  }

  /** Adds a request at the front. */
  unshift(request: BlkRequest): void {
    request.next = this.head;
    this.head = request;
    this.tail ??= request;
    this.count += 1;
  }

  /** Takes the first request. */
  shift(): BlkRequest | undefined {
    const request = this.head;
    if (request === undefined) return undefined;
    this.head = request.next;
    if (this.head === undefined) this.tail = undefined;
    request.next = undefined;
    this.count -= 1;
    return request;
  }

  /** Turns the order round. */
  reverse(): void {
    let request = this.head;
    this.tail = request;
    let before: BlkRequest | undefined;
    while (request !== undefined) {
      const next: BlkRequest | undefined = request.next;
      request.next = before;
      before = request;
      request = next;
    }
    this.head = before;
  }
}
