/**
 * A vhost device: what the VMM tells it by ioctls, its rings, and the worker that serves them.
 *
 * Does not model: changes of features, memory table or ring settings while a ring runs (refused with -EBUSY), the dirty log, the IOTLB.
 */

import { ConfigError } from '../base/assert.ts';
import { UNMAPPED_ADDRESS } from '../base/sg-list.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { Notifier } from '../interfaces/notifier.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import {
  type Vhost,
  type VhostBackend,
  VhostErrno,
  type VhostHost,
  type VhostMemoryRegion,
  type VhostWork,
  type VirtqueueDeviceFactory,
  type VringAddresses,
} from '../interfaces/vhost.ts';
import { OwnedMemory } from './owned-memory.ts';
import { VhostWorker } from './vhost-worker.ts';
import { Vring } from './vring.ts';

/** Most descriptors of a ring. */
export const MAX_VRING_NUM = 32_768;
/** Most rings of a device. */
export const MAX_VRINGS = 256;

const INDIRECT_DESC_BIT = 1 << 28;
const EVENT_IDX_BIT = 1 << 29;
const VERSION_1_BIT_HI = 1;

/** Bits of each address that must be zero: desc, avail, used (VIRTIO 1.3, 2.7). */
const DESC_ALIGN_MASK = 15;
const AVAIL_ALIGN_MASK = 1;
const USED_ALIGN_MASK = 3;

/** How a {@link VhostDevice} is made. */
export interface VhostDeviceOptions {
  /** Rings, at least 1. */
  ringCount: number;
  /** Worker time of one unit, in virtual nanoseconds. */
  workerCommandNs?: number;
  /** Most chains of one ring before the worker turns to the next. */
  weight?: number;
  /** Receives `kick` and `call` (a = ring), and `ring broken: REASON` (a = ring). */
  tracer?: Tracer;
  /** Owner of the worker's task. */
  owner?: string;
}

/** A vhost device and its backend. */
export class VhostDevice implements Vhost, VhostHost {
  readonly featuresLo = EVENT_IDX_BIT | INDIRECT_DESC_BIT;
  readonly featuresHi = VERSION_1_BIT_HI;
  readonly ringCount: number;
  readonly #owned: OwnedMemory;
  readonly #makeRing: VirtqueueDeviceFactory;
  readonly #worker: VhostWorker;
  readonly #rings: Vring[] = [];
  #ackedLo = 0;
  #ackedHi = 0;
  #isRunning = false;

  /**
   * @param shared the memory of the VMM that owns the device
   * @throws ConfigError for a ring count or weight out of range
   */
  constructor(
    executor: Executor,
    shared: GuestMemory,
    backend: VhostBackend,
    makeRing: VirtqueueDeviceFactory,
    options: VhostDeviceOptions,
  ) {
    const { ringCount, tracer, weight = 256, workerCommandNs = 0, owner = 'vhost' } = options;
    if (!Number.isInteger(ringCount) || ringCount < 1 || ringCount > MAX_VRINGS) {
      throw new ConfigError('ringCount', ringCount, `an integer 1 .. ${MAX_VRINGS}`);
    }
    if (!Number.isInteger(weight) || weight < 1) {
      throw new ConfigError('weight', weight, 'an integer of 1 and more');
    }
    this.ringCount = ringCount;
    this.#owned = new OwnedMemory(shared);
    this.#makeRing = makeRing;
    const workerOptions = { unitNs: workerCommandNs, weight, owner };
    this.#worker = new VhostWorker(executor, () => this.#callDrivers(), workerOptions);
    for (let i = 0; i < ringCount; i++) {
      this.#rings.push(new Vring(i, backend, this.#worker, tracer));
    }
    backend.attach(this);
  }

  get memory(): GuestMemory {
    return this.#owned.memory;
  }

  /** Why a ring broke, or `undefined`; for reports. */
  brokenReason(ring: number): string | undefined {
    return this.#rings[ring]?.brokenReason;
  }

  /** Calls `done` when all work that is queued now had its turn; never inside the call. */
  flush(done: () => void): void {
    this.#worker.flush(done);
  }

  setOwner(): VhostErrno {
    return this.#owned.setOwner();
  }

  setFeatures(lo: number, hi: number): VhostErrno {
    const refusal = this.#refusal();
    if (refusal !== VhostErrno.ok) return refusal;
    if ((lo & ~this.featuresLo) !== 0 || (hi & ~this.featuresHi) !== 0) {
      return VhostErrno.notSupported;
    }
    if ((hi & VERSION_1_BIT_HI) === 0) return VhostErrno.invalid;
    this.#ackedLo = lo;
    this.#ackedHi = hi;
    return VhostErrno.ok;
  }

  setMemTable(regions: readonly VhostMemoryRegion[]): VhostErrno {
    const refusal = this.#refusal();
    return refusal === VhostErrno.ok ? this.#owned.setMemTable(regions) : refusal;
  }

  setVringNum(ring: number, num: number): VhostErrno {
    const refusal = this.#refusal(ring);
    if (refusal !== VhostErrno.ok) return refusal;
    const isPowerOfTwo = Number.isInteger(num) && num > 0 && (num & (num - 1)) === 0;
    if (!isPowerOfTwo || num > MAX_VRING_NUM) return VhostErrno.invalid;
    this.#rings[ring]!.num = num;
    return VhostErrno.ok;
  }

  setVringBase(ring: number, base: number): VhostErrno {
    const refusal = this.#refusal(ring);
    if (refusal !== VhostErrno.ok) return refusal;
    if (!Number.isInteger(base) || base < 0 || base > 0xffff) return VhostErrno.invalid;
    this.#rings[ring]!.base = base;
    return VhostErrno.ok;
  }

  getVringBase(ring: number): number {
    if (!this.#owned.isOwned) return VhostErrno.notOwner;
    return this.#rings[ring]?.base ?? VhostErrno.noRing;
  }

  setVringAddr(ring: number, { desc, avail, used }: VringAddresses): VhostErrno {
    const refusal = this.#refusal(ring);
    if (refusal !== VhostErrno.ok) return refusal;
    for (const address of [desc, avail, used]) {
      if (!Number.isSafeInteger(address) || address < 0) return VhostErrno.fault;
      if (address >= UNMAPPED_ADDRESS) return VhostErrno.fault;
    }
    if ((desc & DESC_ALIGN_MASK) !== 0) return VhostErrno.invalid;
    if ((avail & AVAIL_ALIGN_MASK) !== 0) return VhostErrno.invalid;
    if ((used & USED_ALIGN_MASK) !== 0) return VhostErrno.invalid;
    this.#rings[ring]!.addresses = { desc, avail, used };
    return VhostErrno.ok;
  }

  setVringKick(ring: number, kick: Notifier | undefined): VhostErrno {
    const refusal = this.#notifierRefusal(ring);
    if (refusal === VhostErrno.ok) this.#rings[ring]!.setKick(kick);
    return refusal;
  }

  setVringCall(ring: number, call: Notifier | undefined): VhostErrno {
    const refusal = this.#notifierRefusal(ring);
    if (refusal === VhostErrno.ok) this.#rings[ring]!.call = call;
    return refusal;
  }

  setVringErr(ring: number, err: Notifier | undefined): VhostErrno {
    const refusal = this.#notifierRefusal(ring);
    if (refusal === VhostErrno.ok) this.#rings[ring]!.err = err;
    return refusal;
  }

  startRings(): VhostErrno {
    const refusal = this.#refusal();
    if (refusal !== VhostErrno.ok) return refusal;
    if (!this.#owned.isSet) return VhostErrno.fault;
    for (const ring of this.#rings) {
      if (ring.make(this.#makeRing, this.memory, this.#ackedLo, this.#ackedHi)) continue;
      this.stopRings();
      return VhostErrno.fault;
    }
    this.#isRunning = true;
    for (const ring of this.#rings) ring.start();
    return VhostErrno.ok;
  }

  stopRings(): void {
    this.#worker.stop();
    for (const ring of this.#rings) ring.stop();
    this.#isRunning = false;
  }

  pause(ring: number, paused: boolean): void {
    this.#rings[ring]!.pause(paused);
  }

  drain(ring: number): void {
    this.#rings[ring]!.drain();
  }

  addUsed(ring: number, id: number, descriptorCount: number, writtenLength: number): void {
    this.#rings[ring]!.addUsed(id, descriptorCount, writtenLength);
  }

  queueWork(work: VhostWork): void {
    this.#worker.queue(work);
  }

  /** Why a setting is refused now. */
  #refusal(ring = 0): VhostErrno {
    if (!this.#owned.isOwned) return VhostErrno.notOwner;
    if (this.#rings[ring] === undefined) return VhostErrno.noRing;
    return this.#isRunning ? VhostErrno.busy : VhostErrno.ok;
  }

  /** Notifiers may change while the rings run. */
  #notifierRefusal(ring: number): VhostErrno {
    if (!this.#owned.isOwned) return VhostErrno.notOwner;
    return this.#rings[ring] === undefined ? VhostErrno.noRing : VhostErrno.ok;
  }

  #callDrivers(): void {
    for (const ring of this.#rings) ring.callIfDue();
  }
}
