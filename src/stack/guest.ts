/** The guest of a stack: its NVMe driver, its memory, and disks that return promises. */
import { ConfigError, InvariantError } from '../base/assert.ts';
import type { NvmeHost, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import type { NvmeDriver } from '../nvme-driver/index.ts';
import { GuestDisk } from './guest-disk.ts';
import { GuestZones } from './guest-zones.ts';
import type { Pump } from './pump.ts';
import { SubmitQueue } from './submit-queue.ts';
import type { World } from './world.ts';

/** Starts the host's end of the road. */
export type StartRoad = (done: () => void) => void;

/** What runs inside the virtual machine. */
export class Guest {
  /** The disk as the guest's PCI bus shows it. */
  readonly pci: PciFunction;
  /** The guest's NVMe driver. */
  readonly driver: NvmeDriver;
  /** Pages of guest memory for data. */
  readonly buffers: PageAllocator;
  readonly #world: World;
  readonly #pump: Pump;
  readonly #startRoad: StartRoad;
  #queue: SubmitQueue | undefined = undefined;
  #isBooted = false;
  #isShutDown = false;
  /** The boot that `open` waits for: shared, so that any number of namespaces may be opened at once. */
  #booting: Promise<void> | undefined = undefined;

  /** @internal */
  constructor(world: World, pump: Pump, pci: PciFunction, driver: NvmeDriver, start: StartRoad) {
    this.#world = world;
    this.#pump = pump;
    this.pci = pci;
    this.driver = driver;
    this.#startRoad = start;
    this.buffers = world.memory.guestBuffers;
  }

  /** The started driver's queues, for those who submit by callback. @throws InvariantError before the guest is booted */
  get host(): NvmeHost {
    if (!this.#isBooted) throw new InvariantError('the guest is not booted: call boot() or open()');
    return this.driver;
  }

  /** Boots now, without promises: connects the road and probes the disk. @throws Error when the driver gives up */
  boot(): void {
    let failure: string | undefined;
    this.#boot((error) => {
      failure = error;
    });
    while (!this.#isBooted && failure === undefined && this.#world.executor.step());
    if (!this.#isBooted) throw new Error(failure ?? 'the disk never became ready');
  }

  /** Opens a namespace, booting first if need be. @throws ConfigError when there is no such namespace */
  async open(nsid: number): Promise<GuestDisk> {
    const namespace = await this.#find(nsid);
    return new GuestDisk(
      this.#pump,
      this.driver,
      this.#world.memory.guest,
      this.buffers,
      this.#submitQueue,
      namespace,
    );
  }

  /** The zones of a namespace, booting first if need be; its commands fail where the namespace has none. */
  async openZones(nsid: number): Promise<GuestZones> {
    const namespace = await this.#find(nsid);
    return new GuestZones(
      this.#pump,
      this.#world.memory.guest,
      this.buffers,
      this.#submitQueue,
      namespace,
      this.driver.maxTransferBytes,
    );
  }

  /** Shuts the controller down for good (normal shutdown: caches are flushed) and calls `done`. */
  shutdown(done: () => void): void {
    this.#isShutDown = true;
    if (!this.#isBooted) {
      done();
      return;
    }
    this.#isBooted = false;
    this.driver.shutdown(done);
  }

  async #find(nsid: number): Promise<NvmeNamespaceInfo> {
    if (!this.#isBooted) await this.#bootOnce();
    const namespace = this.host.namespaces.find((each) => each.nsid === nsid);
    if (namespace !== undefined) return namespace;
    const known = this.host.namespaces.map((each) => each.nsid).join(', ');
    throw new ConfigError('nsid', nsid, `an active namespace: ${known}`);
  }

  get #submitQueue(): SubmitQueue {
    this.#queue ??= new SubmitQueue(this.#world.executor, this.driver);
    return this.#queue;
  }

  #bootOnce(): Promise<void> {
    this.#booting ??= this.#pump
      .call<void>((settle) =>
        this.#boot((error) => {
          if (error === undefined) settle.resolve();
          else settle.reject(new Error(error));
        }),
      )
      .finally(() => {
        this.#booting = undefined;
      });
    return this.#booting;
  }

  #boot(done: (error?: string) => void): void {
    if (this.#isShutDown) {
      done('the stack is closed: make another one with createStack');
      return;
    }
    if (this.#isBooted) {
      done();
      return;
    }
    this.#startRoad(() =>
      this.driver.start((error) => {
        this.#isBooted = error === undefined;
        done(error);
      }),
    );
  }
}
