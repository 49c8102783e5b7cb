/** blk-mq and the drivers below it. */
import type { SgList } from '../base/sg-list.ts';
import type { BioOp, BlkStatus, QueueLimits } from './bio.ts';
import type { GuestMemory } from './guest-memory.ts';

/**
 * A request on its way to a driver; a slot of the tag set. The driver ends it by `request.end(request)` with `status` set, exactly once,
 * never inside `queueRq`.
 */
export interface Request {
  ioId: number;
  op: BioOp;
  /** Start, in 512-byte sectors. */
  sector: number;
  /** Length in 512-byte sectors. */
  sectorCount: number;
  /** `BioFlag.fua` and the like, as they reach the driver. */
  flags: number;
  /** The driver's tag, 0 .. depth - 1, unique among the requests in flight on the hardware queue. */
  readonly tag: number;
  memory: GuestMemory;
  readonly data: SgList;
  /** For driver requests: a command in the driver's own form (CDB, taskfile, SQE); otherwise `undefined`. */
  raw: Uint8Array | undefined;
  /** Result. */
  status: BlkStatus;
  /** Result of a driver request: the device's own status word. */
  result: number;
  /** Set once, when the slot is made. */
  end: (request: Request) => void;
  /**
   * Gives the request back to the queue instead of ending it: its first `sectorsDone` sectors are done, the rest (all of it for 0) comes
   * again. Like `end`, never inside `queueRq`.
   */
  requeue: (request: Request, sectorsDone: number) => void;
}

/** What `timeout` decides about a request that took too long. */
export const TimeoutVerdict = {
  /** The driver ended it, or will in a moment. */
  done: 0,
  /** Give it the same time again. */
  resetTimer: 1,
} as const;
/** One of {@link TimeoutVerdict}. */
export type TimeoutVerdict = (typeof TimeoutVerdict)[keyof typeof TimeoutVerdict];

/** What `queueRq` answers. */
export const QueueRqResult = {
  /** Taken: it will end. */
  ok: 0,
  /** Not taken, for want of something that other requests of this device hold: tried again when one ends. */
  deviceResource: 13,
  /** Not taken, for want of something global: tried again after a delay. */
  resource: 9,
} as const;
/** One of {@link QueueRqResult}. */
export type QueueRqResult = (typeof QueueRqResult)[keyof typeof QueueRqResult];

/** A block driver under blk-mq. */
export interface BlkMqOps {
  readonly limits: QueueLimits;
  /** Size in 512-byte sectors. */
  readonly capacitySectors: number;
  /** Hardware queues. */
  readonly hardwareQueueCount: number;
  /** Tags of each hardware queue. */
  readonly queueDepth: number;
  /** Takes a request; with `last` false the driver may leave the doorbell to `commitRqs`. */
  queueRq(hardwareQueue: number, request: Request, last: boolean): QueueRqResult;
  /** Rings the doorbell for what `queueRq` took with `last` false. */
  commitRqs(hardwareQueue: number): void;
  /** A request took longer than its time. */
  timeout(request: Request): TimeoutVerdict;
}
