/**
 * Which submission queue may have its next command fetched. NVMe Base 2.0, 3.4.4.
 *
 * Round robin: all queues alike, each for a burst in its turn. Weighted round robin with urgent class: the admin queue before all, then
 * urgent queues, then as many commands of the high, medium and low class in each round as their weights say; inside a class, round robin.
 */
import type { QueueFeatures } from './queue-features.ts';
import type { SubmissionQueue } from './queues.ts';

/** Priority classes of submission queues (QPRIO). */
export const QueuePriority = { urgent: 0, high: 1, medium: 2, low: 3 } as const;

/** The classes in their order: the admin queue, then by QPRIO. */
const CLASSES = 5;
const FIRST_WEIGHTED = 2;

/** Queues of one class, in turns. */
class Turns {
  readonly queues: SubmissionQueue[] = [];
  /** Whose turn it is. */
  turn = 0;
  /** Commands left in this turn. */
  burstLeft = 0;

  remove(sq: SubmissionQueue): void {
    const at = this.queues.indexOf(sq);
    if (at < 0) return;
    this.queues.splice(at, 1);
    if (at === this.turn) this.burstLeft = 0;
    // The next turn goes to whoever follows.
    if (at <= this.turn) this.turn = this.turn === 0 ? this.queues.length - 1 : this.turn - 1;
    if (this.turn < 0) this.turn = 0;
  }

  clear(): void {
    this.queues.length = 0;
    this.turn = 0;
    this.burstLeft = 0;
  }
}

/** Keeps the turns. The owner says which queue can be fetched from. */
export class Arbiter {
  readonly #features: QueueFeatures;
  readonly #canFetch: (sq: SubmissionQueue) => boolean;
  /** All queues in the first one, or one for each class. */
  readonly #classes: readonly Turns[] = Array.from({ length: CLASSES }, () => new Turns());
  /** Commands that each weighted class may still have in this round. */
  readonly #credits = new Int32Array(CLASSES);
  #isWeighted = false;

  constructor(features: QueueFeatures, canFetch: (sq: SubmissionQueue) => boolean) {
    this.#features = features;
    this.#canFetch = canFetch;
  }

  /** Forgets all queues. @param isWeighted CC.AMS says weighted round robin */
  reset(isWeighted: boolean): void {
    this.#isWeighted = isWeighted;
    this.#credits.fill(0);
    for (const turns of this.#classes) turns.clear();
  }

  /** Takes a queue into the turns. */
  add(sq: SubmissionQueue): void {
    this.#turnsOf(sq).queues.push(sq);
  }

  /** Takes a queue out of the turns; no-op for one that is not in them. */
  remove(sq: SubmissionQueue): void {
    this.#turnsOf(sq).remove(sq);
  }

  /** The queue whose next command is to be fetched now, which counts as fetched; `undefined` when there is none. */
  pick(): SubmissionQueue | undefined {
    const first = this.#pickFrom(this.#classes[0]!);
    if (first !== undefined || !this.#isWeighted) return first;
    const urgent = this.#pickFrom(this.#classes[1]!);
    if (urgent !== undefined) return urgent;
    const inRound = this.#pickWeighted();
    if (inRound !== undefined) return inRound;
    this.#credits[FIRST_WEIGHTED] = this.#features.highWeight;
    this.#credits[FIRST_WEIGHTED + 1] = this.#features.mediumWeight;
    this.#credits[FIRST_WEIGHTED + 2] = this.#features.lowWeight;
    return this.#pickWeighted();
  }

  #turnsOf(sq: SubmissionQueue): Turns {
    return this.#classes[!this.#isWeighted || sq.id === 0 ? 0 : sq.priority + 1]!;
  }

  #pickWeighted(): SubmissionQueue | undefined {
    for (let i = FIRST_WEIGHTED; i < CLASSES; i++) {
      if (this.#credits[i] === 0) continue;
      const sq = this.#pickFrom(this.#classes[i]!);
      if (sq === undefined) continue;
      this.#credits[i]! -= 1;
      return sq;
    }
    return undefined;
  }

  #pickFrom(turns: Turns): SubmissionQueue | undefined {
    const { queues } = turns;
    if (turns.burstLeft > 0) {
      const sq = queues[turns.turn]!;
      if (this.#canFetch(sq)) {
        turns.burstLeft -= 1;
        return sq;
      }
      turns.burstLeft = 0;
    }
    for (let i = queues.length; i > 0; i--) {
      turns.turn = turns.turn + 1 >= queues.length ? 0 : turns.turn + 1;
      const sq = queues[turns.turn]!;
      if (!this.#canFetch(sq)) continue;
      turns.burstLeft = this.#features.burst - 1;
      return sq;
    }
    return undefined;
  }
}
