/** What the host says of its queues: doorbell registers, and their shadows. NVMe over PCIe 1.0, 3.1.2; NVMe Base 2.0, 5.8. */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { makeTask } from '../sim/task.ts';
import type { AsyncEvents } from './async-events.ts';
import { DoorbellBuffer, ShadowLook } from './doorbell-buffer.ts';
import { DoorbellErrors } from './doorbell-errors.ts';
import type { InterruptUnit } from './interrupt-unit.ts';
import type { ResolvedDeviceOptions } from './options.ts';
import type { CompletionQueue, SubmissionQueue } from './queues.ts';

/** Takes tails and heads into the queues; the owner looks at the queues afterwards. */
export class Doorbells {
  readonly #executor: Executor;
  readonly #memory: GuestMemory;
  /** Shadow doorbells. */
  readonly buffer: DoorbellBuffer;
  readonly #interrupts: InterruptUnit;
  readonly #errors: DoorbellErrors;
  readonly #pollNs: number;
  /** Looks into shadows whose event index is not armed. */
  readonly #pollTask: Task;

  /** @param look makes the owner look at its queues soon */
  constructor(
    executor: Executor,
    memory: GuestMemory,
    port: NvmeCommandPort,
    interrupts: InterruptUnit,
    events: AsyncEvents,
    options: ResolvedDeviceOptions,
    look: () => void,
  ) {
    this.#executor = executor;
    this.#memory = memory;
    const strideShift = 2 + options.doorbellStride;
    this.buffer = new DoorbellBuffer(memory, strideShift, options.eventIndexPolicy);
    this.#interrupts = interrupts;
    this.#errors = new DoorbellErrors(port, events);
    this.#pollNs = options.shadowPollNs;
    this.#pollTask = makeTask('nvme-device', look, true);
  }

  /** The tail doorbell of queue `id` was written. */
  takeTail(id: number, sq: SubmissionQueue | undefined, tail: number): void {
    if (sq === undefined || sq.deleting) this.#errors.add(id, true);
    // A register that lags behind its shadow is no error: the shadow says where the tail is.
    else if (!sq.advance(tail) && sq.shadowAt < 0) this.#errors.add(id, false);
  }

  /** The head doorbell of queue `id` was written; true when the owner has something to look at. */
  takeHead(id: number, cq: CompletionQueue | undefined, head: number): boolean {
    if (cq === undefined) {
      this.#errors.add(id, true);
      return true;
    }
    if (!cq.consume(head) && cq.shadowAt < 0) {
      this.#errors.add(id, false);
      return true;
    }
    this.#interrupts.consumed(cq.vector);
    const wasBlocked = cq.blocked;
    cq.blocked = false;
    return wasBlocked || cq.shadowAt >= 0;
  }

  /** Takes the tail of an empty queue from its shadow; false when there is nothing new. */
  pullTail(sq: SubmissionQueue): boolean {
    const look = this.buffer.pullTail(sq);
    if (look === ShadowLook.moved) return true;
    if (look === ShadowLook.bad) {
      const tail = this.#memory.read16(sq.shadowAt);
      if (tail !== sq.badTail) this.#errors.add(sq.id, false);
      sq.badTail = tail;
    } else if (this.buffer.policy === 'idle' && sq.inFlight > 0 && this.#pollTask.slot === -1) {
      this.#executor.schedule(this.#pollTask, this.#executor.now + this.#pollNs);
    }
    return false;
  }

  /** Takes the head of a full queue from its shadow; false when there is still no room for `need` entries. */
  pullHead(cq: CompletionQueue, need: number): boolean {
    if (this.buffer.pullHead(cq) === ShadowLook.moved) this.#interrupts.consumed(cq.vector);
    return cq.room >= need;
  }

  /** Uses the buffers of Doorbell Buffer Config for the I/O queues that exist and those to come; false when they are unmapped. */
  useBuffers(
    shadows: number,
    events: number,
    pageBytes: number,
    sqs: readonly (SubmissionQueue | undefined)[],
    cqs: readonly (CompletionQueue | undefined)[],
  ): boolean {
    if (!this.buffer.configure(shadows, events, pageBytes)) return false;
    this.buffer.watchHeads = this.#interrupts.hasLevels;
    for (const cq of cqs) if (cq !== undefined) this.buffer.attachCompletion(cq);
    for (const sq of sqs) if (sq !== undefined) this.buffer.attachSubmission(sq);
    return true;
  }

  /** With pin-based interrupts, takes the heads of all queues from their shadows. */
  pullHeads(cqs: readonly (CompletionQueue | undefined)[]): void {
    if (!this.buffer.isOn || !this.buffer.watchHeads) return;
    for (const cq of cqs) if (cq !== undefined && cq.shadowAt >= 0) this.pullHead(cq, 1);
  }

  /** Tells the error log what went wrong. Called from a task. */
  report(): void {
    this.#errors.report();
  }

  /** As after a controller reset. */
  reset(): void {
    this.#errors.reset();
    this.buffer.reset();
    this.#executor.cancel(this.#pollTask);
  }
}
