/**
 * A device whose service times are exponentially distributed: many short ones, a few long ones.
 *
 * The variates are von Neumann's: runs of falling uniform numbers, which need comparisons alone, so that they are the same on every engine.
 */
import { ConfigError } from '../base/assert.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import type { Prng } from '../interfaces/prng.ts';

/** Mean times of an {@link ExponentialLatency} in virtual nanoseconds; 0 unless given. */
export interface ExponentialLatencyOptions {
  readNs?: number;
  writeNs?: number;
  flushNs?: number;
  /** No time is shorter than this. */
  minimumNs?: number;
}

/** Any number of accesses at once, each with a time of its own. */
export class ExponentialLatency implements LatencyProfile {
  readonly #prng: Prng;
  readonly #readNs: number;
  readonly #writeNs: number;
  readonly #flushNs: number;
  readonly #minimumNs: number;

  /** @throws ConfigError when a time is not an integer of 0 to 10^12 */
  constructor(prng: Prng, options: ExponentialLatencyOptions = {}) {
    this.#prng = prng;
    this.#readNs = checkNs('readNs', options.readNs ?? 0);
    this.#writeNs = checkNs('writeNs', options.writeNs ?? 0);
    this.#flushNs = checkNs('flushNs', options.flushNs ?? 0);
    this.#minimumNs = checkNs('minimumNs', options.minimumNs ?? 0);
  }

  accessNs(_now: number, write: boolean): number {
    return this.#draw(write ? this.#writeNs : this.#readNs);
  }

  flushNs(): number {
    return this.#draw(this.#flushNs);
  }

  #draw(meanNs: number): number {
    if (meanNs === 0) return this.#minimumNs;
    for (let whole = 0; ; whole++) {
      const first = this.#prng.next32();
      if (!this.#fallsAnOddTime(first)) continue;
      const ns = meanNs * whole + Math.floor((meanNs * first) / 0x1_0000_0000);
      return Math.max(this.#minimumNs, ns);
    }
  }

  /** Is the run of falling numbers that begins with `first` of odd length? */
  #fallsAnOddTime(first: number): boolean {
    let last = first;
    for (let length = 1; ; length++) {
      const next = this.#prng.next32();
      if (next >= last) return length % 2 === 1;
      last = next;
    }
  }
}

function checkNs(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 1e12) {
    throw new ConfigError(name, value, 'an integer of 0 to 10^12');
  }
  return value;
}
