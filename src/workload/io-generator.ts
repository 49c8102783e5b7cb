/** Which block a job touches next, and whether it reads or writes it: the distributions of fio. */
import type { Prng } from '../interfaces/prng.ts';
import type { AccessPattern } from './job-keys.ts';
import { Permutation } from './permutation.ts';

/** What a generator needs to know of a job. */
export interface IoGeneratorOptions {
  readonly access: AccessPattern;
  /** Blocks of the job's region. */
  readonly blocks: number;
  /** Percentage of reads, when the job does both. */
  readonly readPercent: number;
  /** Random blocks may repeat before each was touched once. */
  readonly repeats: boolean;
}

/** Draws one I/O at a time; the result is in its fields until the next draw. */
export class IoGenerator {
  /** The drawn I/O is a write. */
  isWrite = false;
  /** Its block, counted from the start of the region. */
  block = 0;
  readonly #options: IoGeneratorOptions;
  readonly #direction: Prng;
  readonly #place: Prng;
  readonly #order: Permutation | undefined;
  #nextRead = 0;
  #nextWrite = 0;

  constructor(prng: Prng, options: IoGeneratorOptions) {
    this.#options = options;
    this.#direction = prng.split('direction');
    this.#place = prng.split('place');
    this.#order =
      options.access.random && !options.repeats
        ? new Permutation(this.#place, options.blocks)
        : undefined;
  }

  /** Draws the next I/O. */
  next(): void {
    const { access, blocks, readPercent } = this.#options;
    this.isWrite = access.reads
      ? access.writes && this.#direction.below(100) >= readPercent
      : access.writes;
    if (this.#order !== undefined) this.block = this.#order.next();
    else if (access.random) this.block = this.#place.below(blocks);
    else if (this.isWrite) {
      // Reads and writes of a sequential mix each go on from where they were, as fio's do.
      this.block = this.#nextWrite;
      this.#nextWrite = (this.#nextWrite + 1) % blocks;
    } else {
      this.block = this.#nextRead;
      this.#nextRead = (this.#nextRead + 1) % blocks;
    }
  }
}
