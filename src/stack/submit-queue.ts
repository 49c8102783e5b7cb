/** Requests of the promise handles on their way to a driver: spread over its queues, and held while those are full. */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { NvmeHost, NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { makeTask } from '../sim/task.ts';

/** Holds requests that the driver's queues have no room for and submits them in order. */
export class SubmitQueue {
  readonly #executor: Executor;
  readonly #host: NvmeHost;
  readonly #waiting: NvmeHostRequest[] = [];
  readonly #buffersWanted: (() => void)[] = [];
  readonly #task: Task;
  #inFlight = 0;
  #lastQueue = 0;
  #ioIds = 0;

  constructor(executor: Executor, host: NvmeHost) {
    this.#executor = executor;
    this.#host = host;
    this.#task = makeTask('guest', () => this.#submit());
  }

  /** Requests are in flight or wait. */
  get isBusy(): boolean {
    return this.#inFlight + this.#waiting.length > 0;
  }

  /** A fresh id for a request. */
  nextIoId(): number {
    this.#ioIds = (this.#ioIds + 1) & 0x3fff_ffff;
    return this.#ioIds;
  }

  /** Submits a request on the next turn of the executor, or when a queue has room. Its `end` is called as ever. */
  push(request: NvmeHostRequest): void {
    const end = request.end;
    request.end = (ended) => {
      this.#inFlight -= 1;
      if (this.#waiting.length > 0) this.#executor.post(this.#task);
      end(ended);
    };
    this.#waiting.push(request);
    this.#executor.post(this.#task);
  }

  /** Calls `retry` once when a buffer is given back. */
  whenBufferFreed(retry: () => void): void {
    this.#buffersWanted.push(retry);
  }

  /** A buffer was given back: those who wait for one try again, in order. */
  bufferFreed(): void {
    for (const retry of this.#buffersWanted.splice(0)) retry();
  }

  #submit(): void {
    const queues = this.#host.ioQueueCount;
    let touched = 0;
    let refused = 0;
    while (this.#waiting.length > 0 && refused < queues) {
      this.#lastQueue = (this.#lastQueue % queues) + 1;
      if (this.#host.queueRq(this.#lastQueue, this.#waiting[0]!)) {
        this.#waiting.shift();
        this.#inFlight += 1;
        touched |= 1 << this.#lastQueue;
        refused = 0;
      } else {
        refused += 1;
      }
    }
    for (let queue = 1; queue <= queues; queue++) {
      if ((touched & (1 << queue)) !== 0) this.#host.commitRqs(queue);
    }
  }
}
