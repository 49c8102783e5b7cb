/** Schedulers: in which order requests go to the driver. */
import { type BlkRequest, RequestList } from './blk-request.ts';

/** Holds requests between their insertion and their dispatch. Flushes and what the driver pushed back pass it by. */
export interface IoScheduler {
  /** Name as in sysfs `queue/scheduler`. */
  readonly name: string;
  /** In which order a plug hands over its requests. */
  readonly plugOrder: 'first-first' | 'last-first';
  /** Takes a request. */
  insert(request: BlkRequest): void;
  /** The next request for a hardware queue, or `undefined` when there is none for it now. */
  dispatch(hardwareQueue: number): BlkRequest | undefined;
  /** A request that `dispatch` gave ended. */
  ended(request: BlkRequest): void;
}

/** First in, first out; a plug is handed over newest first, as direct issue does. */
export class NoneScheduler implements IoScheduler {
  readonly name = 'none';
  readonly plugOrder = 'last-first';
  readonly #lists: readonly RequestList[];

  constructor(hardwareQueueCount: number) {
    this.#lists = Array.from({ length: hardwareQueueCount }, () => new RequestList());
  }

  insert(request: BlkRequest): void {
    this.#lists[request.hardwareQueue]!.push(request);
  }

  dispatch(hardwareQueue: number): BlkRequest | undefined {
    return this.#lists[hardwareQueue]!.shift();
  }

  ended(): void {}
}
