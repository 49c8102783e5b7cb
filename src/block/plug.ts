/**
 * The plug of a submitter: requests that wait a moment for neighbours, and then go together.
 *
 * As in the real one, a plug that direct issue takes newest first leaves no U.
 */
import { assert } from '../base/assert.ts';
import { SECTOR_BYTES } from '../interfaces/bio.ts';
import { BlockAction } from '../interfaces/block-observer.ts';
import { type BlkRequest, RequestList } from './blk-request.ts';
import type { BlockSight } from './block-sight.ts';
import type { HardwareQueue } from './hardware-queue.ts';

/** A plug that holds this many requests is sent before the next is added. */
export const MAX_PLUGGED_REQUESTS = 32;

/** A plug whose newest request has this many bytes is sent before the next is added. */
export const PLUG_FLUSH_BYTES = 128 * 1024;

/** Holds requests while it is set; it nests. */
export class Plug {
  readonly #queues: readonly HardwareQueue[];
  readonly #isDirect: boolean;
  readonly #sight: BlockSight;
  readonly #requests = new RequestList();
  #depth = 0;

  /** @param isDirect what it holds goes to the driver without a scheduler */
  constructor(queues: readonly HardwareQueue[], isDirect: boolean, sight: BlockSight) {
    this.#queues = queues;
    this.#isDirect = isDirect;
    this.#sight = sight;
  }

  /** It takes requests now. */
  get isSet(): boolean {
    return this.#depth > 0;
  }

  /** The newest request, the only one that a bio is tried with. */
  get newest(): BlkRequest | undefined {
    return this.#requests.tail;
  }

  /** From here on it takes requests. */
  set(): void {
    this.#depth += 1;
  }

  /** The outermost call sends what it holds. */
  remove(): void {
    assert(this.#depth > 0, 'unplug follows a plug');
    this.#depth -= 1;
    if (this.#depth === 0) this.#send(BlockAction.unplugged);
  }

  /** Adds a request; what was there goes first when it is enough. */
  add(request: BlkRequest): void {
    const { tail, count } = this.#requests;
    const isFull =
      tail !== undefined &&
      (count >= MAX_PLUGGED_REQUESTS || tail.sectorCount * SECTOR_BYTES >= PLUG_FLUSH_BYTES);
    if (isFull) this.#send(BlockAction.unplugged);
    if (isFull || tail === undefined) this.#sight.plug(BlockAction.plugged, request, 0);
    this.#requests.push(request);
  }

  /** The submitter goes to sleep: what it holds is sent, first to last, on a later turn; it stays set. */
  sleep(): void {
    this.#send(BlockAction.unplugTimer);
  }

  /** Sends what it holds: U as the submitter goes on, UT as it has to wait. */
  #send(reason: BlockAction): void {
    const requests = this.#requests;
    const isNow = reason === BlockAction.unplugged;
    if (isNow && this.#isDirect) this.#issue();
    if (requests.head === undefined) return;
    this.#sight.plug(reason, requests.head, requests.count);
    for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
      this.#queues[request.hardwareQueue]!.insert(request);
    }
    for (const queue of this.#queues) {
      if (isNow) queue.run();
      else queue.runLater();
    }
  }

  /** Hands requests to the driver, newest first, until it is full. */
  #issue(): void {
    const requests = this.#requests;
    let isTaken = true;
    for (let request = requests.pop(); request !== undefined && isTaken; ) {
      const next = requests.tail;
      const isLast = next === undefined || next.hardwareQueue !== request.hardwareQueue;
      const queue = this.#queues[request.hardwareQueue]!;
      isTaken = queue.issue(request, isLast);
      if (!isTaken && !isLast) queue.commit();
      request = isTaken ? requests.pop() : undefined;
    }
  }
}
