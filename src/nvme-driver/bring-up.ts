/**
 * From a PCI function to queues, and back: the slow path of the driver, one step after the other. NVMe Base 2.0, 3.5.
 */
import { SgList } from '../base/sg-list.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { makeTask } from '../sim/task.ts';
import {
  IDENTIFY_BYTES,
  identifyController,
  identifyNamespace,
  LBA_FORMAT_BYTES,
  LBA_FORMATS_AT,
  lbaFormat,
  NAMESPACE_LIST_ENTRIES,
} from '../wire/nvme-identify.ts';
import { AdminOpcode, FeatureId, IdentifyCns } from '../wire/nvme-opcodes.ts';
import { Cc, Csts, NvmeRegister } from '../wire/nvme-registers.ts';
import { nvmeStatusName } from '../wire/nvme-status.ts';
import type { ResolvedDriverOptions } from './options.ts';
import { PairMaker } from './pair-maker.ts';
import {
  disableFunction,
  enableFunction,
  type ProbedFunction,
  probeFunction,
} from './pci-probe.ts';
import type { QueuePair } from './queue-pair.ts';

/** What the bring-up needs of the driver. */
export interface BringUpHost {
  /** A queue pair exists; the admin pair comes first. */
  pairMade(pair: QueuePair): void;
  /** Submits an admin command. */
  submit(request: NvmeHostRequest): void;
}

const FIRST_POLL_NS = 1_000;
const LAST_POLL_NS = 1_000_000;
/** How long a shutdown may take; Identify's RTD3E may say less. */
const SHUTDOWN_TIMEOUT_NS = 10_000_000_000;
const SHUTDOWN_COMPLETE = 2;
const CC_ENTRY_SIZES = (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift);
/** CAP.CSS bit 6, in the high half of CAP, and the CC.CSS that it allows: all command sets of the controller. */
const CAP_HI_ALL_SETS = 1 << 11;
const ALL_COMMAND_SETS = 6;
const CREATE_FLAGS = { contiguous: 1, interrupts: 2 } as const;

/** Starts and stops a controller. Every wait is a timer in virtual time. */
export class BringUp {
  /** Active namespaces. */
  namespaces: NvmeNamespaceInfo[] = [];
  /** The controller has a volatile write cache. */
  volatileWriteCache = false;
  /** Most data bytes of one command. */
  maxTransferBytes: number;
  readonly #executor: Executor;
  readonly #memory: GuestMemory;
  readonly #pages: PageAllocator;
  readonly #pci: PciFunction;
  readonly #options: ResolvedDriverOptions;
  readonly #host: BringUpHost;
  readonly #maker: PairMaker;
  readonly #request: NvmeHostRequest;
  readonly #pollTask: Task;
  readonly #bytes = new Uint8Array(IDENTIFY_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #probed: ProbedFunction = { error: undefined, msixAt: 0, vectorCount: 0 };
  #done: (error?: string) => void = () => undefined;
  #answered: (status: number, dw0: number) => void = () => undefined;
  #poll: () => void = () => undefined;
  #buffer = -1;
  #stride = 4;
  #entries = 0;
  #readyTimeoutNs = 0;
  #minPageShift = 0;
  #wantedQueues = 0;
  #hasAllSets = false;
  #mapped = false;

  constructor(
    executor: Executor,
    memory: GuestMemory,
    pages: PageAllocator,
    pci: PciFunction,
    options: ResolvedDriverOptions,
    host: BringUpHost,
  ) {
    this.#executor = executor;
    this.#memory = memory;
    this.#pages = pages;
    this.#pci = pci;
    this.#options = options;
    this.#host = host;
    this.#maker = new PairMaker(memory, pages, options.pageBytes);
    this.maxTransferBytes = options.maxTransferBytes;
    this.#pollTask = makeTask(options.owner, () => this.#poll());
    this.#request = {
      ioId: 0,
      opcode: 0,
      nsid: 0,
      slba: 0,
      nlb0: 0,
      control: 0,
      raw: new Int32Array(6),
      data: new SgList(1),
      status: 0,
      dw0: 0,
      end: (request) => this.#answered(request.status, request.dw0),
    };
  }

  /** Probe, reset, enable, Identify, queues. `done` is called from a task. */
  start(done: (error?: string) => void): void {
    this.#done = done;
    this.#probed = probeFunction(this.#pci);
    if (this.#probed.error !== undefined) {
      this.#later(() => done(this.#probed.error));
      return;
    }
    enableFunction(this.#pci, this.#probed, this.#useMsix);
    this.#mapped = true;
    const error = this.#readCapabilities();
    if (error !== undefined) {
      this.#later(() => done(error));
      return;
    }
    this.#disable((isDisabled) => {
      if (isDisabled) this.#enable();
      else done(`controller did not become disabled within ${this.#readyTimeoutNs / 1e6} ms`);
    });
  }

  /** Disables the controller, after a shutdown notification when `orderly`; then no more memory is touched by it. */
  stop(orderly: boolean, done: () => void): void {
    this.#answered = () => undefined;
    const finish = () => {
      if (this.#buffer >= 0) this.#pages.give(this.#buffer, IDENTIFY_BYTES / PAGE_BYTES);
      this.#buffer = -1;
      this.namespaces = [];
      if (this.#mapped) disableFunction(this.#pci, this.#probed);
      this.#mapped = false;
      done();
    };
    if (!this.#mapped) {
      this.#later(finish);
      return;
    }
    const cc = this.#read(NvmeRegister.cc);
    if (!orderly || (cc & Cc.en) === 0) {
      this.#disable(finish);
      return;
    }
    const notified = (cc & ~(Cc.shnMask << Cc.shnShift)) | (1 << Cc.shnShift);
    this.#write(NvmeRegister.cc, notified >>> 0);
    const mask = Csts.shstMask << Csts.shstShift;
    const complete = SHUTDOWN_COMPLETE << Csts.shstShift;
    this.#waitStatus(mask, complete, SHUTDOWN_TIMEOUT_NS, () => this.#disable(finish));
  }

  /** Gives back the pages of a pair. */
  givePages(pair: QueuePair): void {
    this.#maker.give(pair);
  }

  get #useMsix(): boolean {
    return this.#options.interrupts === 'msix' && this.#probed.msixAt !== 0;
  }

  #readCapabilities(): string | undefined {
    const lo = this.#read(NvmeRegister.cap);
    const hi = this.#read(NvmeRegister.cap + 4);
    this.#entries = (lo & 0xffff) + 1;
    this.#readyTimeoutNs = (lo >>> 24) * 500_000_000;
    this.#stride = 4 << (hi & 15);
    this.#minPageShift = (hi >>> 16) & 15;
    this.#hasAllSets = (hi & CAP_HI_ALL_SETS) !== 0;
    const smallest = 4096 * 2 ** this.#minPageShift;
    const largest = 4096 * 2 ** ((hi >>> 20) & 15);
    const { pageBytes } = this.#options;
    if (pageBytes >= smallest && pageBytes <= largest) return undefined;
    return `controller takes pages of ${smallest} to ${largest} bytes, not ${pageBytes}`;
  }

  #disable(then: (isDisabled: boolean) => void): void {
    const cc = this.#read(NvmeRegister.cc);
    if ((cc & Cc.en) !== 0) this.#write(NvmeRegister.cc, (cc & ~Cc.en) >>> 0);
    this.#waitStatus(Csts.rdy, 0, this.#readyTimeoutNs, then);
  }

  #enable(): void {
    const depth = this.#options.adminQueueEntries;
    const admin = this.#makePair(0, depth, 0, this.#options.maxTransferBytes);
    this.#buffer = this.#pages.take(IDENTIFY_BYTES / PAGE_BYTES);
    if (admin === undefined || this.#buffer < 0) {
      this.#done('no pages for the admin queue');
      return;
    }
    this.#write(NvmeRegister.aqa, (depth - 1) | ((depth - 1) << 16));
    this.#write64(NvmeRegister.asq, admin.at.sq);
    this.#write64(NvmeRegister.acq, admin.at.cq);
    let pageShift = 0;
    while (4096 << pageShift < this.#options.pageBytes) pageShift += 1;
    const sets = this.#hasAllSets ? ALL_COMMAND_SETS << Cc.cssShift : 0;
    this.#write(NvmeRegister.cc, Cc.en | CC_ENTRY_SIZES | sets | (pageShift << Cc.mpsShift));
    this.#waitStatus(Csts.rdy, Csts.rdy, this.#readyTimeoutNs, (isReady) => {
      if (isReady) this.#identifyController();
      else if ((this.#read(NvmeRegister.csts) & Csts.cfs) !== 0) {
        this.#done('controller reports a fatal status after it was enabled');
      } else this.#done(`controller did not become ready within ${this.#readyTimeoutNs / 1e6} ms`);
    });
  }

  #identifyController(): void {
    this.#identify('controller', 0, IdentifyCns.controller, () => {
      const mdts = identifyController.mdts.get(this.#view, 0);
      const limit = mdts === 0 ? Infinity : 2 ** (12 + this.#minPageShift + mdts);
      this.maxTransferBytes = Math.min(this.#options.maxTransferBytes, limit);
      this.volatileWriteCache = (identifyController.vwc.get(this.#view, 0) & 1) !== 0;
      this.namespaces = [];
      this.#listNamespaces(0);
    });
  }

  /** One list holds 1024 ids; a full one is followed by the next. */
  #listNamespaces(after: number): void {
    this.#identify('active namespaces', after, IdentifyCns.activeNamespaceList, () => {
      const ids: number[] = [];
      for (let i = 0; i < NAMESPACE_LIST_ENTRIES; i++) {
        const id = this.#view.getUint32(4 * i, true);
        if (id <= (ids.at(-1) ?? after)) break;
        ids.push(id);
      }
      this.#identifyNamespaces(ids, 0);
    });
  }

  #identifyNamespaces(ids: readonly number[], at: number): void {
    const nsid = ids[at];
    if (nsid === undefined) {
      if (ids.length === NAMESPACE_LIST_ENTRIES) this.#listNamespaces(ids.at(-1)!);
      else this.#setQueueCount();
      return;
    }
    this.#identify(`namespace ${nsid}`, nsid, IdentifyCns.namespace, () => {
      const format = identifyNamespace.flbas.get(this.#view, 0) & 15;
      const lbads = lbaFormat.lbads.get(this.#view, LBA_FORMATS_AT + format * LBA_FORMAT_BYTES);
      const blockCount = identifyNamespace.nsze.get(this.#view, 0);
      // A size that no number can hold exactly, or blocks of no sensible size, are left alone.
      if (lbads >= 9 && lbads <= 16 && blockCount < 2 ** 53 && blockCount > 0) {
        this.namespaces.push({ nsid, blockBytes: 2 ** lbads, blockCount });
      }
      this.#identifyNamespaces(ids, at + 1);
    });
  }

  #setQueueCount(): void {
    const wanted = this.#options.ioQueues;
    const value = (wanted - 1) | ((wanted - 1) << 16);
    this.#admin(AdminOpcode.setFeatures, 0, FeatureId.numberOfQueues, value, 0, (status, dw0) => {
      if (status !== 0) {
        this.#done(`Set Features (number of queues) ended with ${nvmeStatusName(status)}`);
        return;
      }
      this.#wantedQueues = Math.min(wanted, (dw0 & 0xffff) + 1, (dw0 >>> 16) + 1);
      this.#createQueues(1);
    });
  }

  #createQueues(id: number): void {
    if (id > this.#wantedQueues) {
      this.#done();
      return;
    }
    const depth = Math.min(this.#options.queueEntries, this.#entries);
    const vector = this.#useMsix ? id % this.#probed.vectorCount : 0;
    const pair = this.#makePair(id, depth, vector, this.maxTransferBytes);
    if (pair === undefined) {
      this.#done(`no pages for I/O queue ${id}`);
      return;
    }
    const size = id | ((depth - 1) << 16);
    const { contiguous, interrupts } = CREATE_FLAGS;
    const cqFlags = contiguous | interrupts | (vector << 16);
    this.#admin(AdminOpcode.createIoCq, 0, size, cqFlags, pair.at.cq, (cqStatus) => {
      if (cqStatus !== 0) {
        this.#done(`creating completion queue ${id} ended with ${nvmeStatusName(cqStatus)}`);
        return;
      }
      this.#admin(
        AdminOpcode.createIoSq,
        0,
        size,
        contiguous | (id << 16),
        pair.at.sq,
        (status) => {
          if (status === 0) this.#createQueues(id + 1);
          else this.#done(`creating submission queue ${id} ended with ${nvmeStatusName(status)}`);
        },
      );
    });
  }

  #identify(what: string, nsid: number, cns: number, then: () => void): void {
    this.#admin(AdminOpcode.identify, nsid, cns, 0, this.#buffer, (status) => {
      if (status !== 0) {
        this.#done(`Identify (${what}) ended with ${nvmeStatusName(status)}`);
        return;
      }
      this.#memory.load(this.#buffer, this.#bytes, 0, IDENTIFY_BYTES);
      then();
    });
  }

  /** Sends an admin command whose data, if any, is the page at `gpa`; 0 stands for none. */
  #admin(
    opcode: number,
    nsid: number,
    cdw10: number,
    cdw11: number,
    gpa: number,
    then: (status: number, dw0: number) => void,
  ): void {
    const request = this.#request;
    request.opcode = opcode;
    request.nsid = nsid;
    request.raw!.fill(0);
    request.raw![0] = cdw10;
    request.raw![1] = cdw11;
    request.data.clear();
    if (gpa > 0) request.data.pushAddress(gpa, PAGE_BYTES);
    this.#answered = (status, dw0) => {
      this.#executor.cancel(this.#pollTask);
      then(status, dw0);
    };
    this.#host.submit(request);
    // A timer of the foreground: nothing else would wake a driver whose controller died.
    this.#waitStatus(Csts.cfs, Csts.cfs, this.#options.timeoutNs, (isFatal) => {
      this.#answered = () => undefined;
      this.#done(
        isFatal
          ? 'controller reports a fatal status during its start'
          : 'controller does not answer an admin command',
      );
    });
  }

  #makePair(id: number, entries: number, vector: number, max: number): QueuePair | undefined {
    const pair = this.#maker.make(id, entries, vector, this.#stride, max);
    if (pair !== undefined) this.#host.pairMade(pair);
    return pair;
  }

  /** Waits until CSTS shows `value` under `mask`, or a fatal status, or the time is over. */
  #waitStatus(mask: number, value: number, timeoutNs: number, then: (ok: boolean) => void): void {
    const end = this.#executor.now + timeoutNs;
    let pause = FIRST_POLL_NS;
    this.#poll = () => {
      const csts = this.#read(NvmeRegister.csts);
      const isGone = csts === 0xffff_ffff;
      if (!isGone && (csts & mask) === value) then(true);
      else if (isGone || this.#executor.now >= end || (value !== 0 && (csts & Csts.cfs) !== 0)) {
        then(false);
      } else {
        this.#executor.schedule(this.#pollTask, Math.min(end, this.#executor.now + pause));
        pause = Math.min(2 * pause, LAST_POLL_NS);
      }
    };
    this.#executor.post(this.#pollTask);
  }

  #later(run: () => void): void {
    this.#poll = run;
    this.#executor.post(this.#pollTask);
  }

  #read(at: number): number {
    return this.#pci.mmioRead(at, 4);
  }

  #write(at: number, value: number): void {
    this.#pci.mmioWrite(at, 4, value);
  }

  #write64(at: number, value: number): void {
    this.#write(at, value % 0x1_0000_0000);
    this.#write(at + 4, Math.floor(value / 0x1_0000_0000));
  }
}
