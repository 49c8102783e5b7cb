/** Saved states of queues: plain data, of which nothing is believed when it comes back. */
import { ConfigError } from '../base/assert.ts';

/** Reads a saved state key by key; whatever is not as it must be throws a ConfigError with the path of the key. */
export class StateReader {
  readonly #path: string;
  readonly #record: Readonly<Record<string, unknown>>;

  constructor(path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ConfigError(path, value, 'an object');
    }
    this.#path = path;
    this.#record = { ...value };
  }

  /** The record under `key`. */
  record(key: string): StateReader {
    return new StateReader(`${this.#path}.${key}`, this.#record[key]);
  }

  /** Throws unless `key` holds `value`. */
  expect(key: string, value: string | number | boolean): void {
    if (this.#record[key] !== value) this.refuse(key, `${value}, as the queue has`);
  }

  /** An integer from `min` to `max`. */
  int(key: string, min: number, max: number): number {
    const value = this.#record[key];
    if (isIntIn(value, min, max)) return value;
    return this.refuse(key, `an integer ${min}..${max}`);
  }

  /** True or false. */
  flag(key: string): boolean {
    const value = this.#record[key];
    return typeof value === 'boolean' ? value : this.refuse(key, 'true or false');
  }

  /** `length` integers from `min` to `max`. */
  ints(key: string, length: number, min: number, max: number): readonly number[] {
    const value = this.#record[key];
    const isGood = Array.isArray(value) && value.length === length;
    if (isGood && Array.from(value).every((item) => isIntIn(item, min, max))) return [...value];
    return this.refuse(key, `${length} integers ${min}..${max}`);
  }

  /** One of the values of `table`, or null. */
  reason<T extends string>(key: string, table: Readonly<Record<string, T>>): T | undefined {
    const value = this.#record[key];
    if (value === null) return undefined;
    const known = Object.values(table).find((reason) => reason === value);
    return known ?? this.refuse(key, 'null or a known reason');
  }

  /** Throws for `key`. */
  refuse(key: string, expected: string): never {
    throw new ConfigError(`${this.#path}.${key}`, this.#record[key], expected);
  }
}

function isIntIn(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
