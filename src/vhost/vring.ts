/** One ring of a vhost device: its settings, its notifiers, and the work of taking chains from it. */

import { add16 } from '../base/seq16.ts';
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { Notifier } from '../interfaces/notifier.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import type {
  VhostBackend,
  VhostWork,
  VirtqueueDeviceFactory,
  VringAddresses,
} from '../interfaces/vhost.ts';
import { PopResult, type VirtqueueChain, type VirtqueueDevice } from '../interfaces/virtqueue.ts';
import type { VhostWorker } from './vhost-worker.ts';

/** A ring and its work. The device checks what it is told before it tells the ring. */
export class Vring implements VhostWork {
  queued = false;
  /** Index of the ring. */
  readonly index: number;
  /** Descriptors; 0 until set. */
  num = 0;
  /** Available index to go on from, kept up while the ring runs. */
  base = 0;
  /** Where the ring lies; `undefined` until set. */
  addresses: VringAddresses | undefined = undefined;
  /** Told of used buffers. */
  call: Notifier | undefined = undefined;
  /** Told when the ring breaks. */
  err: Notifier | undefined = undefined;
  readonly #backend: VhostBackend;
  readonly #worker: VhostWorker;
  readonly #tracer: Tracer | undefined;
  readonly #chain: VirtqueueChain = {
    id: 0,
    descriptorCount: 0,
    readable: new SgList(),
    writable: new SgList(),
  };
  #kick: Notifier | undefined = undefined;
  #device: VirtqueueDevice | undefined = undefined;
  #isPaused = false;
  #isBroken = false;
  #notifyIsOff = false;
  #callIsDue = false;
  #holdsChain = false;

  constructor(
    index: number,
    backend: VhostBackend,
    worker: VhostWorker,
    tracer: Tracer | undefined,
  ) {
    this.index = index;
    this.#backend = backend;
    this.#worker = worker;
    this.#tracer = tracer;
  }

  /** Does it run? */
  get isRunning(): boolean {
    return this.#device !== undefined;
  }

  /** Why the ring broke, or `undefined`. */
  get brokenReason(): string | undefined {
    return this.#device?.brokenReason;
  }

  /** Changes who wakes the ring. */
  setKick(kick: Notifier | undefined): void {
    this.#kick?.listen(undefined);
    this.#kick = kick;
    if (this.isRunning) this.#listen();
  }

  /** Makes the device side; false when the ring is not set up, or does not lie in the memory. */
  make(
    factory: VirtqueueDeviceFactory,
    memory: GuestMemory,
    featuresLo: number,
    featuresHi: number,
  ): boolean {
    if (this.addresses === undefined || this.num === 0) return false;
    const { desc, avail, used } = this.addresses;
    const { num, base } = this;
    this.#device = factory(memory, { desc, avail, used, num, base, featuresLo, featuresHi });
    return this.#device !== undefined;
  }

  /** Begins to serve: what is available already is looked at once. */
  start(): void {
    this.#isPaused = false;
    this.#isBroken = false;
    this.#notifyIsOff = false;
    this.#callIsDue = false;
    this.#holdsChain = false;
    this.#listen();
    this.#worker.queue(this);
  }

  /** Lets go of the ring, after the calls that are due. */
  stop(): void {
    this.callIfDue();
    this.#kick?.listen(undefined);
    this.#device = undefined;
  }

  /** See `VhostHost.pause`. */
  pause(paused: boolean): void {
    this.#isPaused = paused;
    if (!paused && this.isRunning) this.#worker.queue(this);
  }

  /** See `VhostHost.drain`. */
  drain(): void {
    // The worker may have taken a chain on which it has not spent its time yet.
    this.apply();
    while (this.take()) this.apply();
  }

  take(): boolean {
    const device = this.#device;
    if (device === undefined || this.#isPaused || this.#isBroken) return false;
    if (!this.#notifyIsOff) {
      device.disableNotify();
      this.#notifyIsOff = true;
    }
    let result = device.pop(this.#chain);
    // A chain may have become available between the last look and the wish for kicks.
    while (result === PopResult.empty && device.enableNotify()) {
      device.disableNotify();
      result = device.pop(this.#chain);
    }
    if (result === PopResult.chain) {
      this.base = add16(this.base, 1);
      this.#holdsChain = true;
      return true;
    }
    this.#notifyIsOff = false;
    if (result === PopResult.broken) this.#reportBroken();
    return false;
  }

  apply(): void {
    if (!this.#holdsChain) return;
    this.#holdsChain = false;
    if (this.#backend.handleChain(this.index, this.#chain)) return;
    this.#holdsChain = true;
    this.putBack();
    this.#isPaused = true;
  }

  putBack(): void {
    if (!this.#holdsChain) return;
    this.#holdsChain = false;
    this.base = add16(this.base, -1);
    this.#device?.discard(1);
  }

  /** See `VhostHost.addUsed`. */
  addUsed(id: number, descriptorCount: number, writtenLength: number): void {
    if (this.#device === undefined) return;
    this.#device.addUsed(id, descriptorCount, writtenLength);
    this.#callIsDue = true;
  }

  /** Calls the driver when buffers were used since the last call and it wants to know. */
  callIfDue(): void {
    if (!this.#callIsDue) return;
    this.#callIsDue = false;
    if (this.#device === undefined || !this.#device.signalNeeded()) return;
    this.call?.signal();
    this.#tracer?.event(Layer.vhost, 'call', 0, this.index, 0);
  }

  #listen(): void {
    const kick = this.#kick;
    kick?.listen(() => {
      kick.read();
      this.#tracer?.event(Layer.vhost, 'kick', 0, this.index, 0);
      this.#worker.queue(this);
    });
  }

  #reportBroken(): void {
    this.#isBroken = true;
    this.#tracer?.event(Layer.vhost, `ring broken: ${this.brokenReason}`, 0, this.index, 0);
    this.err?.signal();
  }
}
