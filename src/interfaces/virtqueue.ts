/** The two sides of a virtqueue, in the verbs of Linux. VIRTIO 1.3, 2.6-2.8. */
import type { SgList } from '../base/sg-list.ts';

/** Results of {@link VirtqueueDriver.addSgs}. */
export const VirtqueueResult = {
  /** Done. */
  ok: 0,
  /** The queue is broken (-EIO). */
  broken: -5,
  /** An allocation failed (-ENOMEM). */
  noMemory: -12,
  /** Not enough free descriptors (-ENOSPC). */
  noSpace: -28,
} as const;
/** One of {@link VirtqueueResult}. */
export type VirtqueueResult = (typeof VirtqueueResult)[keyof typeof VirtqueueResult];

/** What {@link VirtqueueDriver.getBuf} returns when there is nothing. */
export const NO_TOKEN = -1;

/**
 * The driver's side: makes buffers available and takes used ones back.
 *
 * A token is the caller's own name of a buffer, an integer of 0 and more; each comes back exactly once, from
 * `getBuf` or `detachUnusedBuf`. A device that breaks the rules makes the queue broken; nothing throws.
 */
export interface VirtqueueDriver {
  /** Queue size in descriptors (`virtqueue_get_vring_size`). */
  readonly vringSize: number;
  /** Free descriptors. */
  readonly numFree: number;
  /** Did the device break a rule, or a notification fail? */
  readonly isBroken: boolean;
  /** Length that the device wrote into the buffer that `getBuf` returned last. */
  readonly usedLength: number;
  /** Makes one buffer available: `out` segments are for the device to read, `into` segments to write. At least one segment in all. */
  addSgs(out: SgList, into: SgList, token: number): VirtqueueResult;
  /** Does the device want to be notified of what was added since the last call? */
  kickPrepare(): boolean;
  /** Notifies; false when the notification failed, and then the queue is broken. */
  notify(): boolean;
  /** `kickPrepare` and, if so, `notify`; false when the queue is broken. */
  kick(): boolean;
  /** Takes the next used buffer: its token, or {@link NO_TOKEN}. */
  getBuf(): number;
  /** Asks the device not to interrupt (a hint). */
  disableCb(): void;
  /** Asks for interrupts again and returns a mark for {@link VirtqueueDriver.poll}. */
  enableCbPrepare(): number;
  /** Was anything used since the mark? */
  poll(mark: number): boolean;
  /** Asks for interrupts; false when buffers were used meanwhile and must be taken first. */
  enableCb(): boolean;
  /** As `enableCb`, but an interrupt may wait until about three quarters of the pending buffers are used. */
  enableCbDelayed(): boolean;
  /** The device's call arrived: runs the callback if anything is used. True when the interrupt was ours. */
  interrupt(): boolean;
  /** Takes back a buffer that the device has not used, when the queue is being torn down; its token, or {@link NO_TOKEN}. */
  detachUnusedBuf(): number;
}

/** One chain that a device took: reused from one `pop` to the next. */
export interface VirtqueueChain {
  /** Head index (split) or buffer id (packed): names the chain in `addUsed`. */
  id: number;
  /** Ring descriptors that the chain takes; a packed device steps over as many. */
  descriptorCount: number;
  /** What the device may read, in order. */
  readonly readable: SgList;
  /** What the device may write, in order. */
  readonly writable: SgList;
}

/** Results of {@link VirtqueueDevice.pop}. */
export const PopResult = {
  /** A chain was taken. */
  chain: 1,
  /** Nothing is available. */
  empty: 0,
  /** The ring breaks a rule; see {@link VirtqueueDevice.brokenReason}. */
  broken: -1,
} as const;
/** One of {@link PopResult}. */
export type PopResult = (typeof PopResult)[keyof typeof PopResult];

/**
 * The device's side: takes available chains and gives them back used.
 *
 * The first rule that the ring breaks latches `brokenReason`; from then on every verb is a no-op. Nothing throws, nothing loops without bound.
 */
export interface VirtqueueDevice {
  /** Why the queue is broken, or `undefined`. */
  readonly brokenReason: string | undefined;
  /** Takes the next available chain into `chain`. */
  pop(chain: VirtqueueChain): PopResult;
  /** Puts back the last `count` chains that were popped and not yet used. */
  discard(count: number): void;
  /** Returns a chain, `writtenLength` bytes of its writable part having been written; visible to the driver at once. */
  addUsed(id: number, descriptorCount: number, writtenLength: number): void;
  /** Must the driver be called for what was used since the last question? */
  signalNeeded(): boolean;
  /** Asks for kicks; true when chains became available meanwhile and must be looked at first. */
  enableNotify(): boolean;
  /** Asks for no kicks (a hint). */
  disableNotify(): void;
}
