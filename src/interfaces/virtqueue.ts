/** The two sides of a virtqueue, in the verbs of Linux. VIRTIO 1.3, 2.6-2.8. */
import type { SgList } from '../base/sg-list.ts';
import type { RingMemory } from './ring-memory.ts';

/** The three areas of a ring, each with positions from 0. They may lie apart. VIRTIO 1.3, 2.7 and 2.8. */
export interface VirtqueueAreas {
  /** The descriptor table (split) or descriptor ring (packed). */
  readonly descriptors: RingMemory;
  /** What the driver writes: the available ring (split), the driver event suppression structure (packed). */
  readonly driver: RingMemory;
  /** What the device writes: the used ring (split), the device event suppression structure (packed). */
  readonly device: RingMemory;
}

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
 * A token is the caller's own name of a buffer, an integer 0 .. 2^31 - 1; each comes back exactly once, from
 * `getBuf` or `detachUnusedBuf`. A device that breaks the rules makes the queue broken; nothing throws.
 */
export interface VirtqueueDriver {
  /** Queue size in descriptors (`virtqueue_get_vring_size`). */
  readonly vringSize: number;
  /** Free descriptors. */
  readonly numFree: number;
  /** Did the device break a rule, or a notification fail? */
  readonly isBroken: boolean;
  /** Why the queue is broken, or `undefined`. */
  readonly brokenReason: string | undefined;
  /** Length that the device says it wrote into the buffer that `getBuf` returned last: 32 bits, not checked against the buffer. */
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
  /** Starts over on the same areas, after the device was reset; tokens that are still out are forgotten. A broken queue is whole again. */
  reinit(): void;
}

/** One chain that a device took: reused from one `pop` to the next. */
export interface VirtqueueChain {
  /** Head index (split) or buffer id (packed), below the queue size: names the chain in `addUsed`. */
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
 * At most as many chains are out at a time as the queue has descriptors.
 */
export interface VirtqueueDevice {
  /** Why the queue is broken, or `undefined`. */
  readonly brokenReason: string | undefined;
  /** Takes the next available chain into `chain`, whose lists are overwritten (and unspecified when it returns anything but `chain`). */
  pop(chain: VirtqueueChain): PopResult;
  /** Puts back the last `count` chains that were popped and not yet used. */
  discard(count: number): void;
  /** Returns a chain, `writtenLength` bytes of its writable part having been written; visible to the driver at once. */
  addUsed(id: number, descriptorCount: number, writtenLength: number): void;
  /** As `addUsed`, but not visible to the driver before {@link VirtqueueDevice.flushUsed}. */
  fillUsed(id: number, descriptorCount: number, writtenLength: number): void;
  /** Makes everything that was filled visible to the driver at once. */
  flushUsed(): void;
  /** Must the driver be called for what was used since the last question? */
  signalNeeded(): boolean;
  /** Asks for kicks; true when chains became available meanwhile and must be looked at first. */
  enableNotify(): boolean;
  /** Asks for no kicks (a hint). */
  disableNotify(): void;
  /** Starts over on the same areas, as after a reset of the queue; a broken queue is whole again. Writes nothing. */
  reinit(): void;
}
