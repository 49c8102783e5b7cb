/**
 * From a PCI function to queues, and back: the slow path of the driver, one step after the other. NVMe Base 2.0, 3.5 and 3.6.
 *
 * A restart (controller reset) goes through the same steps with the memory that the pairs have already.
 */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { AdminOpcode, FeatureId, IdentifyCns } from '../wire/nvme-opcodes.ts';
import { Cc, Csts, NvmeRegister } from '../wire/nvme-registers.ts';
import { nvmeStatusName } from '../wire/nvme-status.ts';
import type { AdminChannel } from './admin-channel.ts';
import {
  type Capabilities,
  type ControllerFacts,
  parseCapabilities,
  readControllerFacts,
} from './controller-facts.ts';
import { NamespaceScan } from './namespace-scan.ts';
import type { ResolvedDriverOptions } from './options.ts';
import { PairMaker } from './pair-maker.ts';
import {
  disableFunction,
  enableFunction,
  type ProbedFunction,
  probeFunction,
} from './pci-probe.ts';
import type { QueuePair } from './queue-pair.ts';
import { QueueSetup } from './queue-setup.ts';
import { ALL_ONES, type RegisterWindow } from './register-window.ts';

/** What the bring-up needs of the driver. */
export interface BringUpHost {
  /** All queue pairs, the admin pair first. */
  readonly pairs: readonly QueuePair[];
  /** A queue pair exists. */
  pairMade(pair: QueuePair): void;
  /** The controller is disabled in the course of a restart: nothing of what it had will come any more. */
  disabled(): void;
  /** There are only `count` pairs from now on. */
  pairsGranted(count: number): void;
}

/** How a controller is told to shut down. */
export const ShutdownKind = { normal: 1, abrupt: 2 } as const;
/** One of {@link ShutdownKind}. */
export type ShutdownKind = (typeof ShutdownKind)[keyof typeof ShutdownKind];

const SHUTDOWN_COMPLETE = 2;
/** Asynchronous Event Configuration: all critical warnings, and of the notices namespace and firmware. NVMe Base 2.0, 5.27.1.8. */
const SMART_EVENTS = 0x1f;
const NOTICES = 0x300;
const CC_ENTRY_SIZES = (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift);
/** CC.CSS: all I/O command sets of the controller. */
const ALL_COMMAND_SETS = 6;

/** What a driver takes a controller for that it has not asked yet. */
const UNKNOWN: ControllerFacts = {
  maxTransferBytes: 0,
  volatileWriteCache: false,
  abortLimit: 1,
  eventLimit: 0,
  events: 0,
  sglSupport: 0,
  doorbellBuffer: false,
  shutdownNs: 0,
  retryDelaysNs: [0],
};

/** Starts and stops a controller. Every wait is a timer in virtual time. */
export class BringUp {
  /** Active namespaces. */
  namespaces: readonly NvmeNamespaceInfo[] = [];
  /** What Identify Controller said. */
  facts: ControllerFacts;
  /** Looks for namespaces again. */
  readonly scan: NamespaceScan;
  readonly #pci: PciFunction;
  readonly #options: ResolvedDriverOptions;
  readonly #host: BringUpHost;
  readonly #registers: RegisterWindow;
  readonly #channel: AdminChannel;
  readonly #maker: PairMaker;
  readonly #setup: QueueSetup;
  #probed: ProbedFunction = { error: undefined, msixAt: 0, vectorCount: 0 };
  #capabilities: Capabilities = parseCapabilities(0, 0);
  #done: (error?: string) => void = () => undefined;
  #mapped = false;
  /** Stops so far: what began before one does not go on after it. */
  #epoch = 0;

  constructor(
    memory: GuestMemory,
    pages: PageAllocator,
    pci: PciFunction,
    options: ResolvedDriverOptions,
    registers: RegisterWindow,
    channel: AdminChannel,
    host: BringUpHost,
  ) {
    this.#pci = pci;
    this.#options = options;
    this.#host = host;
    this.#registers = registers;
    this.#channel = channel;
    this.facts = { ...UNKNOWN, maxTransferBytes: options.maxTransferBytes };
    this.scan = new NamespaceScan(channel);
    this.#maker = new PairMaker(memory, pages, options.pageBytes);
    this.#setup = new QueueSetup(memory, pages, options.pageBytes, channel);
  }

  /** Probe, reset, enable, Identify, queues. `done` is called from a task. */
  start(done: (error?: string) => void): void {
    this.#done = done;
    this.#probed = probeFunction(this.#pci);
    if (this.#probed.error === undefined) this.#enableFunction();
    else this.#fail(this.#probed.error);
  }

  /** Disables the controller and brings it up again with the pairs that there are. `done` is called from a task. */
  restart(done: (error?: string) => void): void {
    this.#done = done;
    this.#channel.forget();
    this.#disable((isDisabled) => {
      if (!isDisabled) {
        this.#done(this.#notDisabled);
        return;
      }
      const epoch = this.#epoch;
      this.#host.disabled();
      // A request that ended there may have asked for a shutdown.
      if (epoch !== this.#epoch) return;
      // What a reset of the function took is written again.
      this.#enableFunction();
    });
  }

  /**
   * Disables the controller, after a shutdown notification of `kind` if there is one to give; then no more memory is touched by it. In
   * the time that it takes nothing is sent.
   */
  stop(kind: ShutdownKind | undefined, done: () => void): void {
    this.#epoch += 1;
    this.#done = () => undefined;
    this.#channel.forget();
    this.#channel.unguard();
    if (!this.#mapped) {
      this.#registers.later(() => this.#stopped(done));
      return;
    }
    const cc = this.#registers.read(NvmeRegister.cc);
    const finish = () => this.#disable(() => this.#stopped(done));
    if (kind === undefined || cc === ALL_ONES || (cc & Cc.en) === 0) {
      finish();
      return;
    }
    const notified = (cc & ~(Cc.shnMask << Cc.shnShift)) | (kind << Cc.shnShift);
    this.#registers.write(NvmeRegister.cc, notified >>> 0);
    const mask = Csts.shstMask << Csts.shstShift;
    const complete = SHUTDOWN_COMPLETE << Csts.shstShift;
    this.#registers.wait(mask, complete, this.facts.shutdownNs, finish);
  }

  /** Gives back the pages of a pair. */
  givePages(pair: QueuePair): void {
    this.#maker.give(pair);
  }

  #stopped(done: () => void): void {
    this.#channel.close();
    this.#setup.close();
    this.namespaces = [];
    if (this.#mapped) disableFunction(this.#pci, this.#probed);
    this.#mapped = false;
    done();
  }

  get #useMsix(): boolean {
    return this.#options.interrupts === 'msix' && this.#probed.msixAt !== 0;
  }

  get #notDisabled(): string {
    const ms = this.#capabilities.readyTimeoutNs / 1e6;
    return `controller did not become disabled within ${ms} ms`;
  }

  #enableFunction(): void {
    enableFunction(this.#pci, this.#probed, this.#useMsix);
    this.#mapped = true;
    const cap = NvmeRegister.cap;
    this.#capabilities = parseCapabilities(
      this.#registers.read(cap),
      this.#registers.read(cap + 4),
    );
    const { minPageShift, maxPageShift } = this.#capabilities;
    const smallest = 4096 * 2 ** minPageShift;
    const largest = 4096 * 2 ** maxPageShift;
    const { pageBytes } = this.#options;
    if (pageBytes < smallest || pageBytes > largest) {
      this.#fail(`controller takes pages of ${smallest} to ${largest} bytes, not ${pageBytes}`);
      return;
    }
    this.#disable((isDisabled) => {
      if (isDisabled) this.#enable();
      else this.#done(this.#notDisabled);
    });
  }

  #disable(then: (isDisabled: boolean) => void): void {
    const cc = this.#registers.read(NvmeRegister.cc);
    const isThere = cc !== ALL_ONES;
    if (isThere && (cc & Cc.en) !== 0) {
      this.#registers.write(NvmeRegister.cc, (cc & ~(Cc.en | (Cc.shnMask << Cc.shnShift))) >>> 0);
    }
    this.#registers.wait(Csts.rdy, 0, this.#capabilities.readyTimeoutNs, then);
  }

  #enable(): void {
    const depth = this.#options.adminQueueEntries;
    const admin = this.#pair(0, depth, 0, this.#options.maxTransferBytes);
    if (admin === undefined || !this.#channel.open()) {
      this.#done('no pages for the admin queue');
      return;
    }
    const registers = this.#registers;
    registers.write(NvmeRegister.aqa, (depth - 1) | ((depth - 1) << 16));
    registers.write64(NvmeRegister.asq, admin.at.sq);
    registers.write64(NvmeRegister.acq, admin.at.cq);
    let pageShift = 0;
    while (4096 << pageShift < this.#options.pageBytes) pageShift += 1;
    const { hasAllSets, readyTimeoutNs } = this.#capabilities;
    const sets = hasAllSets ? ALL_COMMAND_SETS << Cc.cssShift : 0;
    registers.write(NvmeRegister.cc, Cc.en | CC_ENTRY_SIZES | sets | (pageShift << Cc.mpsShift));
    registers.wait(Csts.rdy, Csts.rdy, readyTimeoutNs, (isReady) => {
      if (isReady) this.#identify();
      else if ((registers.status & Csts.cfs) !== 0) {
        this.#done('controller reports a fatal status after it was enabled');
      } else this.#done(`controller did not become ready within ${readyTimeoutNs / 1e6} ms`);
    });
  }

  #identify(): void {
    const channel = this.#channel;
    channel.guard(this.#options.adminTimeoutNs, (isFatal) =>
      this.#done(
        isFatal
          ? 'controller reports a fatal status during its start'
          : 'controller does not answer an admin command',
      ),
    );
    const { identify } = AdminOpcode;
    channel.send(identify, 0, IdentifyCns.controller, 0, [channel.page], (status) => {
      if (status !== 0) {
        this.#done(`Identify (controller) ended with ${nvmeStatusName(status)}`);
        return;
      }
      channel.load();
      const { minPageShift } = this.#capabilities;
      const { maxTransferBytes } = this.#options;
      this.facts = readControllerFacts(channel.view, minPageShift, maxTransferBytes);
      this.#acceptDelays();
    });
  }

  /** A controller that names retry delays uses them only for hosts that say they know of them. NVMe Base 2.0, 5.27.1.18. */
  #acceptDelays(): void {
    if (this.facts.retryDelaysNs.every((delay) => delay === 0)) {
      this.#scan();
      return;
    }
    const channel = this.#channel;
    channel.bytes.fill(0);
    channel.bytes[0] = 1;
    channel.store();
    const { setFeatures } = AdminOpcode;
    // A controller without the feature asks for no delays: nothing is wrong.
    channel.send(setFeatures, 0, FeatureId.hostBehavior, 0, [channel.page], () => this.#scan());
  }

  #scan(): void {
    this.scan.run((error, namespaces) => {
      if (error !== undefined) {
        this.#done(error);
        return;
      }
      this.namespaces = namespaces;
      const { ioQueues } = this.#options;
      this.#setup.negotiate(ioQueues, this.#done, (granted) => {
        const epoch = this.#epoch;
        this.#host.pairsGranted(granted + 1);
        if (epoch === this.#epoch) this.#createQueues(1, granted);
      });
    });
  }

  #createQueues(id: number, last: number): void {
    if (id > last) {
      this.#shadow();
      return;
    }
    const depth = Math.min(this.#options.queueEntries, this.#capabilities.entries);
    const isPolled = id > last - this.#options.polledQueues;
    const vector = isPolled ? -1 : this.#useMsix ? id % this.#probed.vectorCount : 0;
    const pair = this.#pair(id, depth, vector, this.facts.maxTransferBytes);
    if (pair === undefined) {
      this.#done(`no pages for I/O queue ${id}`);
      return;
    }
    this.#setup.create(pair, (error) => {
      if (error === undefined) this.#createQueues(id + 1, last);
      else this.#done(error);
    });
  }

  #shadow(): void {
    const { shadowDoorbells } = this.#options;
    if (!shadowDoorbells || !this.facts.doorbellBuffer) this.#wantEvents();
    else this.#setup.shadow(this.#host.pairs, () => this.#wantEvents());
  }

  #wantEvents(): void {
    const { setFeatures } = AdminOpcode;
    const events = SMART_EVENTS | (this.facts.events & NOTICES);
    // Events that a controller will not switch on are events that do not come.
    this.#channel.send(setFeatures, 0, FeatureId.asyncEventConfig, events, [], () => {
      this.#channel.unguard();
      this.#done();
    });
  }

  /** The pair with this id: the one that outlived a reset, or a new one. */
  #pair(id: number, entries: number, vector: number, maxBytes: number): QueuePair | undefined {
    const old = this.#host.pairs[id];
    if (old !== undefined) return old;
    const { stride } = this.#capabilities;
    const sglSupport = id === 0 ? 0 : this.facts.sglSupport;
    const { sglThresholdBytes } = this.#options;
    const plan = { id, entries, vector, stride, maxBytes, sglSupport, sglThresholdBytes };
    const pair = this.#maker.make(plan);
    if (pair !== undefined) this.#host.pairMade(pair);
    return pair;
  }

  #fail(error: string): void {
    this.#registers.later(() => this.#done(error));
  }
}
