/**
 * Interrupts of a controller: which vectors have news, the pin's levels, and INTMS/INTMC. NVMe over PCIe 1.0, 3.5.1.
 *
 * Does not model: coalescing (its settings are kept by the features and delay nothing).
 */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { NvmeInterrupts } from '../interfaces/nvme-controller.ts';
import { makeTask } from '../sim/task.ts';

/** Gathers what happened to each vector during one instant and announces it once, from a task of its own. */
export class InterruptUnit {
  /** Vectors that completion queues may use now. */
  vectorCount: number;
  /** Bits of INTMS; only pin-based interrupts are masked by it. */
  mask = 0;
  /** Does any completion queue with this vector hold unread entries? Set by the owner of the queues. */
  isUnread: (vector: number) => boolean = () => false;
  readonly #executor: Executor;
  readonly #interrupts: NvmeInterrupts;
  readonly #dirty: Uint8Array;
  readonly #list: Uint16Array;
  #count = 0;
  readonly #raised: Uint8Array;
  #levels = false;
  readonly #task: Task;

  constructor(executor: Executor, interrupts: NvmeInterrupts, vectorCount: number) {
    this.#executor = executor;
    this.#interrupts = interrupts;
    this.vectorCount = vectorCount;
    this.#dirty = new Uint8Array(vectorCount);
    this.#list = new Uint16Array(vectorCount);
    this.#raised = new Uint8Array(vectorCount);
    this.#task = makeTask('nvme-device', () => this.#announce());
  }

  /** Chooses message interrupts with `vectorCount` vectors, or levels (pin-based) with vector 0 alone. */
  setMode(vectorCount: number, levels: boolean): void {
    this.vectorCount = levels ? 1 : vectorCount;
    this.#levels = levels;
    this.#touchAll();
  }

  /** New entries on a queue with this vector. */
  note(vector: number): void {
    if (this.#dirty[vector] !== 0) return;
    this.#touch(vector);
  }

  /** Entries of a queue with this vector were consumed. */
  consumed(vector: number): void {
    if (this.#levels) this.note(vector);
  }

  /** Changes the mask; what it hides or shows follows from a task. */
  setMask(mask: number): void {
    this.mask = mask;
    if (this.#levels) this.#touchAll();
  }

  /** Forgets all news and lowers what is raised. */
  reset(): void {
    for (let i = 0; i < this.#count; i++) this.#dirty[this.#list[i]!] = 0;
    this.#count = 0;
    this.mask = 0;
    for (let vector = 0; vector < this.#raised.length; vector++) {
      if (this.#raised[vector] !== 0) this.note(vector);
    }
  }

  #touchAll(): void {
    for (let vector = 0; vector < this.#raised.length; vector++) {
      if (this.#levels || this.#raised[vector] !== 0) this.note(vector);
    }
  }

  #touch(vector: number): void {
    this.#dirty[vector] = 1;
    this.#list[this.#count++] = vector;
    this.#executor.post(this.#task);
  }

  #announce(): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) this.#dirty[this.#list[i]!] = 0;
    for (let i = 0; i < count; i++) {
      const vector = this.#list[i]!;
      if (this.#levels || this.#raised[vector] !== 0) this.#settleLevel(vector);
      // A message is never taken back: the host may have polled the entries already, and then finds none.
      else this.#interrupts.raise(vector);
    }
  }

  #settleLevel(vector: number): void {
    const masked = vector < 32 && ((this.mask >>> vector) & 1) !== 0;
    const wanted = this.#levels && !masked && this.isUnread(vector);
    if (wanted === (this.#raised[vector] !== 0)) return;
    this.#raised[vector] = wanted ? 1 : 0;
    if (wanted) this.#interrupts.raise(vector);
    else this.#interrupts.lower(vector);
  }
}
