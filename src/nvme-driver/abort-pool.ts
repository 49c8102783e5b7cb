/** Abort commands of the driver. NVMe Base 2.0, 5.1. */
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { AdminOpcode } from '../wire/nvme-opcodes.ts';
import type { QueuePair } from './queue-pair.ts';
import { makeRawRequest } from './raw-request.ts';

/** Abort commands that may be in flight at once, when the controller allows as many. */
const MAX_ABORTS = 4;
/** Completion dword 0, bit 0: the command was not aborted. */
const NOT_ABORTED = 1;

/** A few Abort commands. What became of a command shows in its own completion alone; an Abort that ends only makes room for the next. */
export class AbortPool {
  /** Aborts that were sent. */
  sent = 0;
  /** Aborts whose answer says that the command was aborted. */
  succeeded = 0;
  /** How many the controller takes at once. */
  limit = MAX_ABORTS;
  readonly #submit: (request: NvmeHostRequest) => boolean;
  readonly #free: NvmeHostRequest[] = [];

  /** @param submit puts a request on the admin queue and rings; false when it is full */
  constructor(submit: (request: NvmeHostRequest) => boolean) {
    this.#submit = submit;
    for (let i = 0; i < MAX_ABORTS; i++) {
      this.#free.push(makeRawRequest(AdminOpcode.abort, (abort) => this.#ended(abort)));
    }
  }

  /** Asks the controller to abort the command of slot `cid`; false when no Abort is left. */
  send(pair: QueuePair, cid: number): boolean {
    if (MAX_ABORTS - this.#free.length >= this.limit) return false;
    const abort = this.#free.pop();
    if (abort === undefined) return false;
    abort.raw![0] = pair.id | (cid << 16);
    if (!this.#submit(abort)) {
      this.#free.push(abort);
      return false;
    }
    this.sent += 1;
    return true;
  }

  #ended(abort: NvmeHostRequest): void {
    if (abort.status === 0 && (abort.dw0 & NOT_ABORTED) === 0) this.succeeded += 1;
    this.#free.push(abort);
  }
}
