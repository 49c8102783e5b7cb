/** The Timestamp feature of one controller: milliseconds that run with the virtual clock. NVMe Base 2.0, 5.27.1.11. */

/** Bytes of the data structure of the feature. */
export const TIMESTAMP_BYTES = 8;

const NS_PER_MS = 1_000_000;
/** Timestamp origin (attributes bits 3:1): 0 after a reset, 1 when a host has set it. */
const ORIGIN_SET = 1 << 1;
/** 48 bits. */
const LIMIT_MS = 2 ** 48;

/** A clock that a host sets and reads. */
export class Timestamp {
  #baseMs = 0;
  #sinceNs = 0;
  #attributes = 0;

  /** As after a controller reset: counts from 0. */
  reset(nowNs: number): void {
    this.#baseMs = 0;
    this.#sinceNs = nowNs;
    this.#attributes = 0;
  }

  /** Goes on from the time in the first six bytes of `from`. */
  set(from: Uint8Array, nowNs: number): void {
    let value = 0;
    for (let i = 5; i >= 0; i--) value = value * 256 + from[i]!;
    this.#baseMs = value;
    this.#sinceNs = nowNs;
    this.#attributes = ORIGIN_SET;
  }

  /** Writes the data structure to the first eight bytes of `into`. @param isDefault the default value and not the current one */
  writeTo(into: Uint8Array, nowNs: number, isDefault: boolean): void {
    let value = 0;
    if (!isDefault) {
      value = (this.#baseMs + Math.floor((nowNs - this.#sinceNs) / NS_PER_MS)) % LIMIT_MS;
    }
    for (let i = 0; i < 6; i++) {
      into[i] = value % 256;
      value = Math.floor(value / 256);
    }
    into[6] = isDefault ? 0 : this.#attributes;
    into[7] = 0;
  }
}
