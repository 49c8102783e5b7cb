/**
 * Interrupts of a controller: which vectors have news, the pin's levels, INTMS/INTMC, and coalescing. NVMe over PCIe 1.0, 3.5.1;
 * NVMe Base 2.0, 5.27.1.6 and 5.27.1.7.
 *
 * With coalescing, news of an I/O queue waits until so many entries came as the threshold says, or the time since the first one is over.
 */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { NvmeInterrupts } from '../interfaces/nvme-controller.ts';
import { makeTask } from '../sim/task.ts';

/** The unit of the aggregation time. */
const COALESCING_UNIT_NS = 100_000;

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
  /** Entries that make an interrupt at once, and how long fewer of them wait; 0 for no coalescing. */
  #threshold = 1;
  #waitNs = 0;
  /** By vector: news is not delayed. */
  readonly #direct: Uint8Array;
  /** By vector: entries that wait, and until when. */
  readonly #held: Uint32Array;
  readonly #heldUntilNs: Float64Array;
  readonly #timer: Task;

  constructor(executor: Executor, interrupts: NvmeInterrupts, vectorCount: number) {
    this.#executor = executor;
    this.#interrupts = interrupts;
    this.vectorCount = vectorCount;
    this.#dirty = new Uint8Array(vectorCount);
    this.#list = new Uint16Array(vectorCount);
    this.#raised = new Uint8Array(vectorCount);
    this.#task = makeTask('nvme-device', () => this.#announce());
    this.#direct = new Uint8Array(vectorCount);
    this.#direct[0] = 1;
    this.#held = new Uint32Array(vectorCount);
    this.#heldUntilNs = new Float64Array(vectorCount);
    this.#timer = makeTask('nvme-device', () => this.#timeIsOver());
  }

  /** Pin-based interrupts are on. */
  get hasLevels(): boolean {
    return this.#levels;
  }

  /** Feature 08h. @param threshold0 entries, zero-based; @param time units of 100 microseconds, 0 for no delay */
  setCoalescing(threshold0: number, time: number): void {
    this.#threshold = threshold0 + 1;
    this.#waitNs = threshold0 === 0 ? 0 : time * COALESCING_UNIT_NS;
    this.#letGo();
  }

  /** Feature 09h: is news of the vector never delayed? */
  isDirect(vector: number): boolean {
    return this.#direct[vector] !== 0;
  }

  /** Sets whether news of the vector is never delayed. */
  setDirect(vector: number, isDirect: boolean): void {
    this.#direct[vector] = isDirect ? 1 : 0;
    this.#letGo();
  }

  /** A new entry on an I/O queue with this vector: as {@link InterruptUnit.note}, when coalescing lets it through. */
  noteIo(vector: number): void {
    if (this.#dirty[vector] !== 0) return;
    if (this.#waitNs === 0 || this.#direct[vector] !== 0) this.#touch(vector);
    else this.#hold(vector);
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

  /** Forgets all news and lowers what is raised. Features are as at power-on. */
  reset(): void {
    this.#threshold = 1;
    this.#waitNs = 0;
    this.#direct.fill(0);
    this.#direct[0] = 1;
    this.#held.fill(0);
    this.#executor.cancel(this.#timer);
    for (let i = 0; i < this.#count; i++) this.#dirty[this.#list[i]!] = 0;
    this.#count = 0;
    this.mask = 0;
    for (let vector = 0; vector < this.#raised.length; vector++) {
      if (this.#raised[vector] !== 0) this.note(vector);
    }
  }

  #hold(vector: number): void {
    const held = this.#held[vector]! + 1;
    if (held >= this.#threshold) {
      this.#held[vector] = 0;
      this.#touch(vector);
      return;
    }
    this.#held[vector] = held;
    if (held > 1) return;
    const dueNs = this.#executor.now + this.#waitNs;
    this.#heldUntilNs[vector] = dueNs;
    if (this.#timer.slot === -1) this.#executor.schedule(this.#timer, dueNs);
  }

  /** Announces what waited long enough. Waits are of one length, so that the timer never comes too late. */
  #timeIsOver(): void {
    let nextNs = Infinity;
    for (let vector = 0; vector < this.#held.length; vector++) {
      if (this.#held[vector] === 0) continue;
      const dueNs = this.#heldUntilNs[vector]!;
      if (dueNs > this.#executor.now) {
        nextNs = Math.min(nextNs, dueNs);
        continue;
      }
      this.#held[vector] = 0;
      this.note(vector);
    }
    if (nextNs !== Infinity) this.#executor.schedule(this.#timer, nextNs);
  }

  /** Announces all that waits: the settings changed. */
  #letGo(): void {
    this.#executor.cancel(this.#timer);
    for (let vector = 0; vector < this.#held.length; vector++) {
      if (this.#held[vector] === 0) continue;
      this.#held[vector] = 0;
      this.note(vector);
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
