/** A device whose every access takes the same time, any number at once. */
import { ConfigError } from '../base/assert.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';

/** Times of a {@link FixedLatency} in virtual nanoseconds; 0 unless given. */
export interface FixedLatencyOptions {
  readNs?: number;
  writeNs?: number;
  flushNs?: number;
}

/** The same time for each read, each write, each flush. */
export class FixedLatency implements LatencyProfile {
  readonly #readNs: number;
  readonly #writeNs: number;
  readonly #flushNs: number;

  /** @throws ConfigError when a time is not an integer of 0 and more */
  constructor(options: FixedLatencyOptions = {}) {
    this.#readNs = checkNs('readNs', options.readNs ?? 0);
    this.#writeNs = checkNs('writeNs', options.writeNs ?? 0);
    this.#flushNs = checkNs('flushNs', options.flushNs ?? 0);
  }

  accessNs(_now: number, write: boolean): number {
    return write ? this.#writeNs : this.#readNs;
  }

  flushNs(): number {
    return this.#flushNs;
  }
}

function checkNs(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ConfigError(name, value, 'an integer of 0 and more');
  }
  return value;
}
