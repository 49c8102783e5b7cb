/** A virtqueue transport onto a vhost device: the ioctls of a VMM in their order, its rings, and its eventfds. */
import { assert } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { Notifier } from '../interfaces/notifier.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import {
  type Vhost,
  VhostErrno,
  type VhostMemoryRegion,
  type VhostNvmeEndpoint,
  type VringAddresses,
} from '../interfaces/vhost.ts';
import type { VirtqueueDriver } from '../interfaces/virtqueue.ts';
import { EventFd } from '../sim/event-fd.ts';
import { makeTask } from '../sim/task.ts';
import type { VirtqueueTransport } from './virtqueue-transport.ts';

/** The driver's side of a ring and where it lies. */
export interface DriverRing extends VringAddresses {
  readonly driver: VirtqueueDriver;
  /** Descriptors. */
  readonly num: number;
}

/**
 * Makes an empty ring for a queue in the VMM's memory. Called for each queue at each start; the ring that was made for the queue before
 * is not used any more, and its memory may be.
 */
export type DriverRingFactory = (
  queue: number,
  kick: Notifier,
  featuresLo: number,
  featuresHi: number,
) => DriverRing;

/** How a {@link VhostTransport} is made. */
export interface VhostTransportOptions {
  /** Rings of the vhost device: control, events, and the request queues. */
  queueCount: number;
  /** What the host may see of the VMM's memory. */
  regions: readonly VhostMemoryRegion[];
  /** Features to acknowledge, of those that the host offers; all of them when not given. */
  featuresLo?: number;
  /** From a kick or call until its reader runs, in virtual nanoseconds. */
  eventfdWakeNs?: number;
  /** Owner of the eventfds' tasks. */
  owner?: string;
}

/** Sets up a vhost_nvme device and starts it on a target. */
export class VhostTransport implements VirtqueueTransport {
  readonly queueCount: number;
  onCall: (queue: number) => void = () => {};
  onError: (queue: number) => void = () => {};
  /** Kick eventfds by queue: for counters. */
  readonly kicks: readonly EventFd[];
  /** Call eventfds by queue: for counters. */
  readonly calls: readonly EventFd[];
  readonly #executor: Executor;
  readonly #vhost: Vhost;
  readonly #endpoint: VhostNvmeEndpoint;
  readonly #target: NvmeCommandPort;
  readonly #makeRing: DriverRingFactory;
  readonly #regions: readonly VhostMemoryRegion[];
  readonly #featuresLo: number;
  readonly #errors: readonly EventFd[];
  readonly #stopTask: Task;
  #drivers: VirtqueueDriver[] = [];
  #isOwner = false;
  #stopped: (() => void) | undefined = undefined;

  constructor(
    executor: Executor,
    vhost: Vhost,
    endpoint: VhostNvmeEndpoint,
    target: NvmeCommandPort,
    makeRing: DriverRingFactory,
    options: VhostTransportOptions,
  ) {
    const { queueCount, regions, featuresLo = vhost.featuresLo, eventfdWakeNs = 0 } = options;
    const owner = options.owner ?? 'vmm';
    const makeFds = (role: string): EventFd[] =>
      Array.from(
        { length: queueCount },
        () => new EventFd(executor, { wakeNs: eventfdWakeNs, owner: `${owner}-${role}` }),
      );
    this.queueCount = queueCount;
    this.kicks = makeFds('kick');
    this.calls = makeFds('call');
    this.#errors = makeFds('error');
    this.#executor = executor;
    this.#vhost = vhost;
    this.#endpoint = endpoint;
    this.#target = target;
    this.#makeRing = makeRing;
    this.#regions = regions;
    this.#featuresLo = featuresLo & vhost.featuresLo;
    this.#stopTask = makeTask(owner, () => this.#finishStop());
  }

  start(): VhostErrno {
    const vhost = this.#vhost;
    let refusal: VhostErrno = this.#isOwner ? VhostErrno.ok : vhost.setOwner();
    this.#isOwner ||= refusal === VhostErrno.ok;
    refusal ||= vhost.setFeatures(this.#featuresLo, vhost.featuresHi);
    refusal ||= vhost.setMemTable(this.#regions);
    this.#drivers = [];
    for (let queue = 0; queue < this.queueCount; queue++) refusal ||= this.#setUpRing(queue);
    return refusal || this.#endpoint.setEndpoint(this.#target);
  }

  driver(queue: number): VirtqueueDriver {
    const driver = this.#drivers[queue];
    assert(driver !== undefined, 'the transport is started');
    return driver;
  }

  stop(done: () => void): void {
    this.#stopped = done;
    for (const fd of [...this.calls, ...this.#errors]) fd.listen(undefined);
    const refusal = this.#endpoint.clearEndpoint(() => this.#finishStop());
    if (refusal !== VhostErrno.ok) this.#executor.post(this.#stopTask);
  }

  #setUpRing(queue: number): VhostErrno {
    const vhost = this.#vhost;
    const kick = this.kicks[queue]!;
    const call = this.calls[queue]!;
    const error = this.#errors[queue]!;
    const ring = this.#makeRing(queue, kick, this.#featuresLo, vhost.featuresHi);
    this.#drivers.push(ring.driver);
    call.listen(() => {
      call.read();
      this.onCall(queue);
    });
    error.listen(() => {
      error.read();
      this.onError(queue);
    });
    return (
      vhost.setVringNum(queue, ring.num) ||
      vhost.setVringBase(queue, 0) ||
      vhost.setVringAddr(queue, ring) ||
      vhost.setVringKick(queue, kick) ||
      vhost.setVringCall(queue, call) ||
      vhost.setVringErr(queue, error)
    );
  }

  #finishStop(): void {
    for (const fd of [...this.kicks, ...this.calls, ...this.#errors]) fd.read();
    this.#drivers = [];
    const stopped = this.#stopped;
    this.#stopped = undefined;
    stopped?.();
  }
}
