/** The error information log of one controller: the newest entries, and how many errors there have been. NVMe Base 2.0, 5.16.1.2. */
import { ERROR_LOG_ENTRY_BYTES, errorLogEntry } from '../../wire/nvme-logs.ts';

/** Entries that the log keeps. */
export const ERROR_LOG_ENTRIES = 64;

/** The error lies in no particular field. */
const NO_LOCATION = 0xffff;

/** Remembers errors in a ring of entries as they look on the wire. */
export class ErrorLog {
  readonly #entries = new Uint8Array(ERROR_LOG_ENTRIES * ERROR_LOG_ENTRY_BYTES);
  readonly #view = new DataView(this.#entries.buffer);
  #count = 0;

  /** How many errors were ever added. */
  get count(): number {
    return this.#count;
  }

  /** Adds an error of command `cid` of queue `sqid`; `status` is its status field. */
  add(sqid: number, cid: number, status: number, nsid: number, lba: number): void {
    const at = (this.#count % ERROR_LOG_ENTRIES) * ERROR_LOG_ENTRY_BYTES;
    this.#count += 1;
    errorLogEntry.errorCount.set(this.#view, at, this.#count);
    errorLogEntry.sqid.set(this.#view, at, sqid);
    errorLogEntry.cid.set(this.#view, at, cid);
    errorLogEntry.status.set(this.#view, at, status);
    errorLogEntry.parameterErrorLocation.set(this.#view, at, NO_LOCATION);
    errorLogEntry.lba.set(this.#view, at, lba);
    errorLogEntry.nsid.set(this.#view, at, nsid);
  }

  /** Writes the log page to `into`, the newest entry first; returns its length in bytes. */
  writeTo(into: Uint8Array): number {
    into.fill(0, 0, this.#entries.length);
    const kept = Math.min(this.#count, ERROR_LOG_ENTRIES);
    for (let i = 0; i < kept; i++) {
      const from = ((this.#count - 1 - i) % ERROR_LOG_ENTRIES) * ERROR_LOG_ENTRY_BYTES;
      into.set(
        this.#entries.subarray(from, from + ERROR_LOG_ENTRY_BYTES),
        i * ERROR_LOG_ENTRY_BYTES,
      );
    }
    return this.#entries.length;
  }
}
