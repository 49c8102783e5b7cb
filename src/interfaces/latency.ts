/** How long a device takes. */

/** Service times of a device in virtual nanoseconds. */
export interface LatencyProfile {
  /** Time from `now` until an access of `byteCount` bytes at `lba` is done; may depend on what came before (channels, head position). */
  accessNs(now: number, write: boolean, lba: number, byteCount: number): number;
  /** Time that a cache flush takes. */
  flushNs(now: number): number;
}
