/** Sight into one block device: the events that blktrace records, as numbers. */
import type { BioOp } from './bio.ts';

/** What happened; the numbers are those of a blktrace record, the letters (beside each) those of `blkparse`. */
export const BlockAction = {
  /** Q: a bio came in. */
  queued: 1,
  /** M: a bio was merged to the end of a request. */
  backMerged: 2,
  /** F: a bio was merged to the front of a request. */
  frontMerged: 3,
  /** G: a bio, or a part of it, got a request. */
  gotRequest: 4,
  /** S: a bio waits for a request. */
  slept: 5,
  /** R: a request that the driver had, or refused, goes back to the queue. */
  requeued: 6,
  /** D: a request goes to the driver. */
  issued: 7,
  /** C: a request, or a bio that made none, ended; `extra` is its status. */
  completed: 8,
  /** P: a submitter's plug gets its first request. */
  plugged: 9,
  /** U: a plug is sent; `extra` is the number of its requests. */
  unplugged: 10,
  /** UT: a plug is sent since its submitter must wait; `extra` is the number of its requests. */
  unplugTimer: 11,
  /** I: a request went to the scheduler. */
  inserted: 12,
  /** X: a bio was cut; the event's range is the first part, `extra` the sector where the rest begins. */
  split: 13,
} as const;
/** One of {@link BlockAction}. */
export type BlockAction = (typeof BlockAction)[keyof typeof BlockAction];

/**
 * Receives the events of one device. Held in a nullable field and tested once per event, so that an unobserved device pays nothing.
 *
 * Called in the order of the events, inside the call that causes them: an observer only notes, it calls nothing of the stack. What merges
 * (M, F) or comes in (Q, X) is told in the terms of the bio, all else in those of the request; P, U and UT have no range.
 */
export interface BlockObserver {
  /**
   * One event.
   *
   * @param flags `BioFlag`s
   * @param sector start in 512-byte sectors of this device
   * @param sectorCount length in 512-byte sectors
   * @param extra see {@link BlockAction}; 0 where it says nothing
   */
  event(
    action: BlockAction,
    ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
    extra: number,
  ): void;
  /**
   * A: a bio of a device that lies on this one was mapped here; comes before its Q.
   *
   * @param sector start on this device
   * @param fromDevice number of the device that it came from: major << 20 | minor
   * @param fromSector start on that device
   */
  remapped(
    ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
    fromDevice: number,
    fromSector: number,
  ): void;
}
