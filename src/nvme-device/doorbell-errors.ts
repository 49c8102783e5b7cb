/** Doorbells that were written wrongly: kept until a task may tell the host and the error log. NVMe Base 2.0, 5.2 and 5.16.1.2. */
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { AsyncErrorInfo, AsyncEventType, LogPage } from '../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import type { AsyncEvents } from './async-events.ts';

/** Errors that are kept for the error log from one task to the next; more of them leave only their event. */
export const MAX_DOORBELL_ERRORS = 16;
/** Command identifier of an error that belongs to no command. */
const NO_COMMAND = 0xffff;

/** Gathers bad doorbells of one controller. */
export class DoorbellErrors {
  readonly #port: NvmeCommandPort;
  readonly #events: AsyncEvents;
  readonly #queueIds = new Uint16Array(MAX_DOORBELL_ERRORS);
  readonly #statuses = new Uint16Array(MAX_DOORBELL_ERRORS);
  #count = 0;

  constructor(port: NvmeCommandPort, events: AsyncEvents) {
    this.#port = port;
    this.#events = events;
  }

  /** A doorbell of queue `queueId` was written that does not exist, or with a value that cannot be. */
  add(queueId: number, isUnknown: boolean): void {
    const { invalidDoorbellRegister, invalidDoorbellValue } = AsyncErrorInfo;
    const info = isUnknown ? invalidDoorbellRegister : invalidDoorbellValue;
    this.#events.add(AsyncEventType.error, info, LogPage.errorInformation);
    if (this.#count === MAX_DOORBELL_ERRORS) return;
    this.#queueIds[this.#count] = queueId;
    this.#statuses[this.#count] = isUnknown ? NvmeStatus.invalidQueueId : NvmeStatus.invalidField;
    this.#count += 1;
  }

  /** Tells the error log of the port. Called from a task. */
  report(): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      this.#port.reportError(this.#queueIds[i]!, NO_COMMAND, this.#statuses[i]!);
    }
  }

  /** As after a controller reset. */
  reset(): void {
    this.#count = 0;
  }
}
