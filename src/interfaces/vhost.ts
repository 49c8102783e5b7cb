/** vhost: a device in the host kernel that serves virtqueues in a VMM's memory. */

import type { GuestMemory } from './guest-memory.ts';
import type { Notifier } from './notifier.ts';
import type { NvmeCommandPort } from './nvme-command-port.ts';
import type { VirtqueueChain, VirtqueueDevice } from './virtqueue.ts';

/** What the methods of {@link Vhost} return when they refuse: a negative errno of Linux. */
export const VhostErrno = {
  ok: 0,
  /** Not the owner (-EPERM). */
  notOwner: -1,
  /** The argument list is too long (-E2BIG). */
  tooBig: -7,
  /** An address is not in the memory table, or the table names memory that is not there (-EFAULT). */
  fault: -14,
  /** Owned already, or a ring runs (-EBUSY). */
  busy: -16,
  /** An endpoint is set already (-EEXIST). */
  exists: -17,
  /** No such endpoint (-ENODEV). */
  noDevice: -19,
  /** A value is out of range (-EINVAL). */
  invalid: -22,
  /** A feature or flag that this device does not have (-EOPNOTSUPP). */
  notSupported: -95,
  /** No such ring (-ENOBUFS). */
  noRing: -105,
} as const;
/** One of {@link VhostErrno}. */
export type VhostErrno = (typeof VhostErrno)[keyof typeof VhostErrno];

/** One region of the memory table (`struct vhost_memory_region`): guest addresses that lie in the VMM's memory. */
export interface VhostMemoryRegion {
  /** First guest address. */
  readonly guestAddress: number;
  /** Size in bytes. */
  readonly size: number;
  /** Where the region starts in the memory that the VMM shares. */
  readonly userAddress: number;
}

/** Where a ring lies, as guest addresses (`struct vhost_vring_addr`). */
export interface VringAddresses {
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
}

/**
 * The ioctl surface of a vhost device. Each call answers 0 or a negative errno and changes nothing when it refuses.
 *
 * `setOwner` comes first; features, memory table and rings are set while no ring runs.
 */
export interface Vhost {
  /** VHOST_SET_OWNER. */
  setOwner(): VhostErrno;
  /** VHOST_GET_FEATURES: the low and high word of what the device offers. */
  readonly featuresLo: number;
  readonly featuresHi: number;
  /** VHOST_SET_FEATURES. */
  setFeatures(lo: number, hi: number): VhostErrno;
  /** VHOST_SET_MEM_TABLE. */
  setMemTable(regions: readonly VhostMemoryRegion[]): VhostErrno;
  /** VHOST_SET_VRING_NUM: descriptors of a ring, a power of two up to 32768. */
  setVringNum(ring: number, num: number): VhostErrno;
  /** VHOST_SET_VRING_BASE: the available index at which the device goes on. */
  setVringBase(ring: number, base: number): VhostErrno;
  /** VHOST_GET_VRING_BASE: that index now, or a negative errno. */
  getVringBase(ring: number): number;
  /** VHOST_SET_VRING_ADDR. */
  setVringAddr(ring: number, addresses: VringAddresses): VhostErrno;
  /** VHOST_SET_VRING_KICK: who wakes the device. */
  setVringKick(ring: number, kick: Notifier | undefined): VhostErrno;
  /** VHOST_SET_VRING_CALL: who is told of used buffers. */
  setVringCall(ring: number, call: Notifier | undefined): VhostErrno;
  /** VHOST_SET_VRING_ERR: who is told that the ring broke. */
  setVringErr(ring: number, err: Notifier | undefined): VhostErrno;
}

/** VHOST_NVME_SET_ENDPOINT and VHOST_NVME_CLEAR_ENDPOINT, as the VMM calls them. */
export interface VhostNvmeEndpoint {
  /** Connects the rings to a target and starts them. */
  setEndpoint(target: NvmeCommandPort): VhostErrno;
  /**
   * Stops taking requests, ends all in flight, returns their buffers, stops the rings and calls `done`, never inside the call;
   * from then on the device touches no memory. `done` is not called when the call is refused.
   */
  clearEndpoint(done: () => void): VhostErrno;
}

/** A ring as the device side of a virtqueue is made from it when it starts. */
export interface VringStart extends VringAddresses {
  /** Descriptors. */
  readonly num: number;
  /** Available index to go on from. */
  readonly base: number;
  /** Acknowledged features, low word (EVENT_IDX is bit 29, INDIRECT_DESC bit 28). */
  readonly featuresLo: number;
  /** Acknowledged features, high word (VERSION_1 is bit 0, RING_PACKED bit 2). */
  readonly featuresHi: number;
}

/** Makes the device side of a ring; `undefined` when the ring does not lie in `memory`. */
export type VirtqueueDeviceFactory = (
  memory: GuestMemory,
  ring: VringStart,
) => VirtqueueDevice | undefined;

/**
 * Work for a vhost worker: units that are taken one at a time, each applied when the worker has spent its time on it.
 *
 * A unit that was taken is applied or put back before the next is taken.
 */
export interface VhostWork {
  /** Belongs to the worker: is the work queued? */
  queued: boolean;
  /** Takes the next unit; false when there is none, and then the work leaves the queue until it is queued again. */
  take(): boolean;
  /** Does what was taken. */
  apply(): void;
  /** The worker stops with a unit taken and not applied. */
  putBack(): void;
}

/** What a backend of vhost (such as vhost_nvme) sees of its device. */
export interface VhostHost {
  /** How many rings there are. */
  readonly ringCount: number;
  /** Guest memory through the memory table; valid while the rings run. */
  readonly memory: GuestMemory;
  /** Starts all rings; refused with -EPERM without an owner, -EFAULT when a ring or its addresses are not set. */
  startRings(): VhostErrno;
  /** Stops all rings: nothing is taken from them or written to them from here on. */
  stopRings(): void;
  /** Keeps a ring's chains from being taken, or lets them be taken again. */
  pause(ring: number, paused: boolean): void;
  /** Offers what is available in a ring now, to the last chain or until one is refused. */
  drain(ring: number): void;
  /** Returns a chain; the driver is called at the end of the worker's turn if it wants a call. */
  addUsed(ring: number, id: number, descriptorCount: number, writtenLength: number): void;
  /** Puts work behind what is queued already. */
  queueWork(work: VhostWork): void;
}

/** A backend of vhost: what the chains mean. */
export interface VhostBackend {
  /** Called once, by the device that the backend belongs to. */
  attach(host: VhostHost): void;
  /**
   * Takes a chain; the lists in it are valid during the call. False when there is no room for it: it goes back to the ring, and the
   * ring is paused until the backend ends the pause.
   */
  handleChain(ring: number, chain: VirtqueueChain): boolean;
}
