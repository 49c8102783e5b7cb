/** I/O queues from a running controller: how many, one after the other, and shadows for their doorbells. NVMe Base 2.0, 3.5.1. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { AdminOpcode, FeatureId } from '../wire/nvme-opcodes.ts';
import { DOORBELL_BASE } from '../wire/nvme-registers.ts';
import { nvmeStatusName } from '../wire/nvme-status.ts';
import type { AdminChannel } from './admin-channel.ts';
import type { QueuePair } from './queue-pair.ts';

const CREATE_FLAGS = { contiguous: 1, interrupts: 2 } as const;

/** What went wrong, or nothing. */
export type SetupDone = (error?: string) => void;

/** Creates the controller's side of I/O queues. */
export class QueueSetup {
  readonly #memory: GuestMemory;
  readonly #pages: PageAllocator;
  readonly #pageBytes: number;
  readonly #channel: AdminChannel;
  #shadowPages = -1;

  constructor(memory: GuestMemory, pages: PageAllocator, pageBytes: number, channel: AdminChannel) {
    this.#memory = memory;
    this.#pages = pages;
    this.#pageBytes = pageBytes;
    this.#channel = channel;
  }

  /** Asks for `wanted` queue pairs; `then` gets how many of them the controller grants. */
  negotiate(wanted: number, done: SetupDone, then: (granted: number) => void): void {
    const value = (wanted - 1) | ((wanted - 1) << 16);
    const { setFeatures } = AdminOpcode;
    this.#channel.send(setFeatures, 0, FeatureId.numberOfQueues, value, [], (status, dw0) => {
      if (status === 0) then(Math.min(wanted, (dw0 & 0xffff) + 1, (dw0 >>> 16) + 1));
      else done(`Set Features (number of queues) ended with ${nvmeStatusName(status)}`);
    });
  }

  /** Creates both queues of a pair. */
  create(pair: QueuePair, done: SetupDone): void {
    const { id, depth, vector, at } = pair;
    const size = id | ((depth - 1) << 16);
    const { contiguous, interrupts } = CREATE_FLAGS;
    const cqFlags = vector < 0 ? contiguous : contiguous | interrupts | (vector << 16);
    this.#send(AdminOpcode.createIoCq, size, cqFlags, at.cq, `completion queue ${id}`, done, () => {
      const sqFlags = contiguous | (id << 16);
      const { createIoSq } = AdminOpcode;
      this.#send(createIoSq, size, sqFlags, at.sq, `submission queue ${id}`, done, () => done());
    });
  }

  /**
   * Gives all I/O pairs whose place lies inside the buffers their shadows. A controller that refuses, or no memory for the buffers,
   * leaves them without: nothing is wrong then.
   */
  shadow(pairs: readonly QueuePair[], done: () => void): void {
    const perBuffer = this.#pageBytes / PAGE_BYTES;
    if (this.#shadowPages < 0) this.#shadowPages = this.#pages.take(2 * perBuffer, perBuffer);
    const shadows = this.#shadowPages;
    if (shadows < 0) {
      done();
      return;
    }
    const events = shadows + this.#pageBytes;
    this.#memory.fill(shadows, 0, 2 * this.#pageBytes);
    const buffers = [shadows, events];
    this.#channel.send(AdminOpcode.doorbellBufferConfig, 0, 0, 0, buffers, (status) => {
      if (status === 0) for (const pair of pairs) this.#attach(pair, shadows, events);
      done();
    });
  }

  /** Gives back what it took. */
  close(): void {
    const pages = (2 * this.#pageBytes) / PAGE_BYTES;
    if (this.#shadowPages >= 0) this.#pages.give(this.#shadowPages, pages);
    this.#shadowPages = -1;
  }

  /** The buffers are laid out as the doorbell registers are; the admin queue has no place of its own in them. */
  #attach(pair: QueuePair, shadows: number, events: number): void {
    const at = pair.sqDoorbell - DOORBELL_BASE;
    if (pair.id === 0 || pair.cqDoorbell - DOORBELL_BASE >= this.#pageBytes) return;
    pair.shadowAt = shadows + at;
    pair.eventAt = events + at;
  }

  #send(
    opcode: number,
    cdw10: number,
    cdw11: number,
    gpa: number,
    what: string,
    done: SetupDone,
    then: () => void,
  ): void {
    this.#channel.send(opcode, 0, cdw10, cdw11, [gpa], (status) => {
      if (status === 0) then();
      else done(`creating ${what} ended with ${nvmeStatusName(status)}`);
    });
  }
}
