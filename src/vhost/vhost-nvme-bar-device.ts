/**
 * vhost_nvme without rings: an NVMe controller in the host kernel, whose registers the VMM reaches by ioctls, and which reads queues and
 * data straight from guest memory through the memory table.
 *
 * Does not model: a change of the memory table while an endpoint is set (refused with -EBUSY), the dirty log, the IOTLB.
 */
import { ConfigError } from '../base/assert.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { Notifier } from '../interfaces/notifier.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { HostedNvmeController, NvmeInterrupts } from '../interfaces/nvme-controller.ts';
import type { AccessBytes } from '../interfaces/pci-function.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { VhostErrno, type VhostMemoryRegion } from '../interfaces/vhost.ts';
import { VHOST_NVME_BAR_ABI_VERSION, type VhostNvmeBar } from '../interfaces/vhost-nvme-bar.ts';
import { OwnedMemory } from './owned-memory.ts';

/** Most vectors of a device. */
export const MAX_BAR_VECTORS = 2048;

/** Makes the controller of an endpoint over the guest's memory. */
export type BarControllerFactory = (
  memory: GuestMemory,
  target: NvmeCommandPort,
  interrupts: NvmeInterrupts,
) => HostedNvmeController;

/** How a {@link VhostNvmeBarDevice} is made. */
export interface VhostNvmeBarOptions {
  /** Interrupt vectors, 1 .. {@link MAX_BAR_VECTORS}. */
  vectorCount: number;
  /** Receives `bar-write` (a = offset, b = value) and `call` (a = vector). */
  tracer?: Tracer;
}

/** What a device counts. */
export interface VhostNvmeBarCounters {
  /** Reads of registers. */
  barReads: number;
  /** Writes of registers and doorbells. */
  barWrites: number;
  /** Signals of eventfds. */
  calls: number;
}

/** {@link VhostNvmeBar} with a controller of the factory's behind it. */
export class VhostNvmeBarDevice implements VhostNvmeBar {
  readonly abiVersion = VHOST_NVME_BAR_ABI_VERSION;
  readonly counters: VhostNvmeBarCounters = { barReads: 0, barWrites: 0, calls: 0 };
  readonly #owned: OwnedMemory;
  readonly #makeController: BarControllerFactory;
  readonly #tracer: Tracer | undefined;
  readonly #calls: (Notifier | undefined)[];
  #controller: HostedNvmeController | undefined = undefined;
  #isClearing = false;
  /** Interrupts are the pin's. */
  #levels = false;
  #pinLevel = false;

  /**
   * @param shared the memory of the VMM that owns the device
   * @throws ConfigError for a vector count out of range
   */
  constructor(
    shared: GuestMemory,
    makeController: BarControllerFactory,
    options: VhostNvmeBarOptions,
  ) {
    const { vectorCount, tracer } = options;
    if (!Number.isInteger(vectorCount) || vectorCount < 1 || vectorCount > MAX_BAR_VECTORS) {
      throw new ConfigError('vectorCount', vectorCount, `an integer 1 .. ${MAX_BAR_VECTORS}`);
    }
    this.#owned = new OwnedMemory(shared);
    this.#makeController = makeController;
    this.#tracer = tracer;
    this.#calls = new Array<Notifier | undefined>(vectorCount).fill(undefined);
  }

  get pinLevel(): boolean {
    return this.#pinLevel;
  }

  setOwner(): VhostErrno {
    return this.#owned.setOwner();
  }

  setMemTable(regions: readonly VhostMemoryRegion[]): VhostErrno {
    if (!this.#owned.isOwned) return VhostErrno.notOwner;
    return this.#controller === undefined ? this.#owned.setMemTable(regions) : VhostErrno.busy;
  }

  setVectorCall(vector: number, call: Notifier | undefined): VhostErrno {
    if (!this.#owned.isOwned) return VhostErrno.notOwner;
    if (!Number.isInteger(vector) || vector < 0 || vector >= this.#calls.length) {
      return VhostErrno.invalid;
    }
    this.#calls[vector] = call;
    return VhostErrno.ok;
  }

  setEndpoint(target: NvmeCommandPort): VhostErrno {
    if (!this.#owned.isOwned) return VhostErrno.notOwner;
    if (this.#controller !== undefined) return VhostErrno.exists;
    if (!this.#owned.isSet) return VhostErrno.fault;
    this.#controller = this.#makeController(this.#owned.memory, target, {
      raise: (vector) => this.#raise(vector),
      lower: () => this.#setPin(false),
    });
    return VhostErrno.ok;
  }

  clearEndpoint(done: () => void): VhostErrno {
    const controller = this.#live;
    if (controller === undefined) return VhostErrno.noDevice;
    this.#isClearing = true;
    controller.hardReset(() => {
      this.#controller = undefined;
      this.#isClearing = false;
      this.#pinLevel = false;
      done();
    });
    return VhostErrno.ok;
  }

  barRead(at: number, size: AccessBytes): number {
    const controller = this.#live;
    if (controller === undefined) return VhostErrno.noDevice;
    this.counters.barReads += 1;
    return controller.read(at, size);
  }

  barWrite(at: number, size: AccessBytes, value: number): VhostErrno {
    const controller = this.#live;
    if (controller === undefined) return VhostErrno.noDevice;
    this.counters.barWrites += 1;
    this.#tracer?.event(Layer.vhost, 'bar-write', 0, at, value);
    controller.write(at, size, value);
    return VhostErrno.ok;
  }

  resetController(): VhostErrno {
    if (this.#live === undefined) return VhostErrno.noDevice;
    this.#live.hardReset();
    return VhostErrno.ok;
  }

  setInterruptMode(vectorCount: number, levels: boolean): VhostErrno {
    if (this.#live === undefined) return VhostErrno.noDevice;
    if (!Number.isInteger(vectorCount) || vectorCount < 1 || vectorCount > this.#calls.length) {
      return VhostErrno.invalid;
    }
    if (!levels) this.#pinLevel = false;
    this.#levels = levels;
    this.#live.setInterruptMode(vectorCount, levels);
    return VhostErrno.ok;
  }

  setBusMaster(canMaster: boolean): VhostErrno {
    if (this.#live === undefined) return VhostErrno.noDevice;
    this.#live.setBusMaster(canMaster);
    return VhostErrno.ok;
  }

  /** The controller while an endpoint is set and not being cleared. */
  get #live(): HostedNvmeController | undefined {
    return this.#isClearing ? undefined : this.#controller;
  }

  #raise(vector: number): void {
    if (this.#levels) this.#setPin(true);
    else this.#signal(vector);
  }

  #setPin(level: boolean): void {
    this.#pinLevel = level;
    this.#signal(0);
  }

  #signal(vector: number): void {
    const call = this.#calls[vector];
    if (call === undefined || this.#isClearing) return;
    this.counters.calls += 1;
    this.#tracer?.event(Layer.vhost, 'call', 0, vector, 0);
    call.signal();
  }
}
