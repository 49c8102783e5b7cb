/**
 * A host's NVMe driver on any PCI function: probe, admin and I/O queues, PRPs, completion by interrupt, and an end for every
 * request when the controller dies. NVMe Base 2.0, 3.5; NVMe over PCIe 1.0.
 *
 * Does not model: SGLs, shadow doorbells, polled queues, host memory buffer, rescans on events, retry of failed commands; a command
 * that the controller does not answer in time ends the controller instead of climbing a ladder of aborts and resets.
 */
import { assert, ConfigError } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHost, NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PciFunction, RegisterHalves } from '../interfaces/pci-function.ts';
import { AbortResult } from '../interfaces/request.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { makeTask } from '../sim/task.ts';
import { AdminOpcode } from '../wire/nvme-opcodes.ts';
import { Cc, Csts, DOORBELL_BASE, NvmeRegister } from '../wire/nvme-registers.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import { type AdminCall, type ControllerFacts, identifyAndCreate } from './controller-start.ts';
import { probeFunction } from './pci-probe.ts';
import { isPrpShaped, listPagesFor, PrpBuilder } from './prp-list.ts';
import { type ListPages, QueuePair, type QueuePairPlan } from './queue-pair.ts';

/** Entries of the admin queues. */
const ADMIN_ENTRIES = 32;
/** How often a register is looked at while the driver waits for it. */
const POLL_NS = 100_000;
/** A command that takes longer ends the controller. */
export const COMMAND_TIMEOUT_NS = 30_000_000_000;
const WATCH_NS = 1_000_000_000;
/** Status of requests that the driver ended itself: Command Aborted By Host (path related, 71h), do not retry. */
export const ABORTED_BY_HOST = 0x371 | 0x4000;

/** How a driver is made. */
export interface NvmeDriverOptions {
  /** I/O queue pairs that are asked for, 1 to 64; the controller may grant fewer. Default 1. */
  ioQueues?: number;
  /** Entries of each I/O queue, 2 to 65536; cut to what the controller supports. Default 256. */
  queueEntries?: number;
  /** Most bytes of one command, a multiple of 4096; cut to what the controller supports. Default 1 MiB. */
  maxTransferBytes?: number;
  /** What things cost in virtual time. Default: nothing. */
  costs?: CostTable;
  /**
   * Receives `submit` (a = queue << 16 | command identifier, b = first block), `complete` (a = queue << 16, b = status) and `doorbell`
   * (a = queue, b = tail).
   */
  tracer?: Tracer | undefined;
  /** Owner of its tasks. Default `nvme-driver`. */
  owner?: string;
}

/** What a driver has done. */
export interface NvmeDriverCounters extends Readonly<Record<string, number>> {
  readonly commands: number;
  readonly completions: number;
  readonly doorbells: number;
  readonly interrupts: number;
}

/** Drives one NVMe controller. */
export class NvmeDriver implements NvmeHost {
  readonly #executor: Executor;
  readonly #memory: GuestMemory;
  readonly #pci: PciFunction;
  readonly #pages: PageAllocator;
  readonly #costs: CostTable;
  readonly #tracer: Tracer | undefined;
  readonly #owner: string;
  readonly #wantedQueues: number;
  readonly #wantedEntries: number;
  readonly #wantedTransfer: number;
  readonly #prps: PrpBuilder;
  readonly #lists: ListPages;
  readonly #freeLists: number[] = [];
  readonly #taken: { gpa: number; pages: number }[] = [];
  readonly #pairs: QueuePair[] = [];
  readonly #reapTasks: Task[] = [];
  readonly #ringTasks: Task[] = [];
  readonly #pollTask: Task;
  readonly #watchTask: Task;
  readonly #refusedTask: Task;
  readonly #refused: NvmeHostRequest[] = [];
  #facts: ControllerFacts = { maxTransferBytes: 0, volatileWriteCache: false, namespaces: [] };
  #vectorCount = 1;
  #doorbellStride = 4;
  #readyLimitNs = 0;
  #ioEntries = 0;
  #isUp = false;
  #poll: (() => boolean) | undefined = undefined;
  #pollUntil = 0;
  #pollFailed: () => void = () => {};
  #busyUntil = 0;
  #progressAt = 0;
  #commands = 0;
  #completions = 0;
  #doorbells = 0;
  #interrupts = 0;

  /** @throws ConfigError for an option out of its range */
  constructor(
    executor: Executor,
    memory: GuestMemory,
    pci: PciFunction,
    pages: PageAllocator,
    options: NvmeDriverOptions = {},
  ) {
    this.#executor = executor;
    this.#memory = memory;
    this.#pci = pci;
    this.#pages = pages;
    this.#costs = options.costs ?? NO_COSTS;
    this.#tracer = options.tracer;
    this.#owner = options.owner ?? 'nvme-driver';
    this.#wantedQueues = inRange('ioQueues', options.ioQueues ?? 1, 1, 64);
    this.#wantedEntries = inRange('queueEntries', options.queueEntries ?? 256, 2, 65_536);
    this.#wantedTransfer = inRange(
      'maxTransferBytes',
      options.maxTransferBytes ?? 1 << 20,
      4096,
      1 << 26,
    );
    this.#prps = new PrpBuilder(memory);
    this.#lists = {
      take: () =>
        this.#freeLists.pop() ?? this.#pages.take(listPagesFor(this.#wantedTransfer) || 1),
      give: (gpa) => void this.#freeLists.push(gpa),
    };
    this.#pollTask = makeTask(this.#owner, () => this.#pollRegister());
    this.#watchTask = makeTask(this.#owner, () => this.#watch(), true);
    this.#refusedTask = makeTask(this.#owner, () => this.#endRefused());
  }

  get ioQueueCount(): number {
    return Math.max(0, this.#pairs.length - 1);
  }

  get maxTransferBytes(): number {
    return this.#facts.maxTransferBytes;
  }

  get volatileWriteCache(): boolean {
    return this.#facts.volatileWriteCache;
  }

  get namespaces(): readonly NvmeNamespaceInfo[] {
    return this.#facts.namespaces;
  }

  /** What it has done since it was made. */
  counters(): NvmeDriverCounters {
    return {
      commands: this.#commands,
      completions: this.#completions,
      doorbells: this.#doorbells,
      interrupts: this.#interrupts,
    };
  }

  /**
   * Probes the function and brings it up: reset, enable, Identify, I/O queues, namespaces. `done` is called once, later, with a
   * sentence when that failed; the driver may then be started again.
   */
  start(done: (error?: string) => void): void {
    assert(!this.#isUp && this.#poll === undefined, 'a driver is started once at a time');
    const fail = (error: string): void => this.#stop(() => done(error));
    const probed = probeFunction(this.#pci);
    if (typeof probed === 'string') {
      // `done` never comes inside `start`.
      this.#wait(
        () => true,
        () => done(probed),
        () => {},
      );
      return;
    }
    this.#vectorCount = probed.vectorCount;
    const refusal = this.#readCapabilities(probed.barBytes);
    this.#writeCc(0);
    this.#wait(
      () => (this.#csts() & Csts.rdy) === 0,
      () => {
        if (refusal !== undefined) fail(refusal);
        else this.#enable(fail, () => this.#bringUp(fail, done));
      },
      () => fail('the controller does not become disabled'),
    );
  }

  /** Normal shutdown, then disable; every request that is still in flight ends. `done` is called once, later. */
  shutdown(done: () => void): void {
    assert(this.#isUp, 'a started driver is shut down');
    this.#isUp = false;
    const cc = this.#pci.mmioRead(NvmeRegister.cc, 4);
    this.#writeCc(cc | (1 << Cc.shnShift));
    const disable = (): void => this.#stop(done);
    const shutDown = (): boolean => ((this.#csts() >>> Csts.shstShift) & Csts.shstMask) === 2;
    this.#wait(shutDown, disable, disable);
  }

  queueRq(queueId: number, request: NvmeHostRequest): boolean {
    const pair = this.#pairs[queueId];
    assert(pair !== undefined, 'requests go to a queue that exists');
    const { data } = request;
    if (!this.#isUp || data.byteLength > this.maxTransferBytes || !isPrpShaped(data)) {
      request.status = this.#isUp ? NvmeStatus.invalidField | 0x4000 : ABORTED_BY_HOST;
      this.#refused.push(request);
      this.#executor.post(this.#refusedTask);
      return true;
    }
    const cid = pair.add(request);
    if (cid < 0) return false;
    this.#commands += 1;
    if (this.#costs.guestSubmitNs > 0) {
      this.#busyUntil = Math.max(this.#busyUntil, this.#executor.now) + this.#costs.guestSubmitNs;
    }
    const where = (queueId << 16) | cid;
    this.#tracer?.event(Layer.nvmeDriver, 'submit', request.ioId, where, request.slba);
    return true;
  }

  commitRqs(queueId: number): void {
    const pair = this.#pairs[queueId];
    if (pair === undefined) return;
    if (this.#watchTask.slot === -1) {
      this.#progressAt = this.#executor.now;
      this.#executor.schedule(this.#watchTask, this.#executor.now + WATCH_NS);
    }
    if (this.#busyUntil > this.#executor.now) {
      this.#executor.schedule(this.#ringTasks[queueId]!, this.#busyUntil);
    } else {
      this.#ring(pair);
    }
  }

  /**
   * Sends an Abort for a request in flight. `aborted` means that the command was sent; whether it came in time shows in the status that
   * the request ends with.
   */
  abort(request: NvmeHostRequest): AbortResult {
    const pair = this.#pairs.find((each) => each.cidOf(request) >= 0);
    if (pair === undefined || !this.#isUp) return AbortResult.unknown;
    const cdw10 = pair.id | (pair.cidOf(request) << 16);
    return this.#admin({ opcode: AdminOpcode.abort, cdw10 }, () => {})
      ? AbortResult.aborted
      : AbortResult.tooLate;
  }

  /** Message `vector` arrived: the queues that use it are looked at when the handler runs. */
  interrupt(vector: number): void {
    this.#interrupts += 1;
    for (let id = 0; id < this.#pairs.length; id++) {
      if (this.#vectorOf(id) !== vector) continue;
      const task = this.#reapTasks[id]!;
      if (task.slot === -1) {
        this.#executor.schedule(task, this.#executor.now + this.#costs.interruptNs);
      }
    }
  }

  #readCapabilities(barBytes: number): string | undefined {
    const cap: RegisterHalves = { lo: 0, hi: 0 };
    this.#pci.mmioRead64(NvmeRegister.cap, cap);
    if (cap.lo === 0xffff_ffff) return 'the controller does not answer';
    const timeout = cap.lo >>> 24;
    this.#readyLimitNs = Math.max(1, timeout) * 500_000_000;
    this.#doorbellStride = 4 << (cap.hi & 15);
    if (((cap.hi >>> 16) & 15) > 0) return 'the controller has no pages of 4 KiB';
    if (((cap.hi >>> 5) & 1) === 0) return 'the controller has no NVM command set';
    const entries = Math.min(this.#wantedEntries, (cap.lo & 0xffff) + 1);
    const doorbells = 2 * (this.#wantedQueues + 1) * this.#doorbellStride;
    if (DOORBELL_BASE + doorbells > barBytes) return 'BAR0 has no room for the doorbells';
    this.#ioEntries = entries;
    return undefined;
  }

  #enable(fail: (error: string) => void, enabled: () => void): void {
    const plan = this.#planQueue(0, ADMIN_ENTRIES);
    if (plan === undefined) {
      fail('no memory for the admin queues');
      return;
    }
    this.#addPair(plan);
    const size0 = ADMIN_ENTRIES - 1;
    this.#pci.mmioWrite(NvmeRegister.aqa, 4, size0 | (size0 << 16));
    this.#pci.mmioWrite64(NvmeRegister.asq, plan.sqGpa, 0);
    this.#pci.mmioWrite64(NvmeRegister.acq, plan.cqGpa, 0);
    this.#writeCc(Cc.en | (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift));
    this.#wait(
      () => (this.#csts() & (Csts.rdy | Csts.cfs)) !== 0,
      () => {
        if ((this.#csts() & Csts.cfs) !== 0)
          fail('the controller reports a fatal error (CSTS.CFS)');
        else enabled();
      },
      () => fail('the controller does not become ready'),
    );
  }

  #bringUp(fail: (error: string) => void, done: () => void): void {
    this.#isUp = true;
    const bufferGpa = this.#take(1);
    if (bufferGpa < 0) {
      fail('no memory for Identify');
      return;
    }
    const plans: QueuePairPlan[] = [];
    for (let id = 1; id <= this.#wantedQueues; id++) {
      const plan = this.#planQueue(id, this.#ioEntries);
      if (plan === undefined) {
        fail(`no memory for I/O queue ${id}`);
        return;
      }
      plans.push(plan);
    }
    const admin: AdminCall = (command, called) => {
      const data = command.data === true ? bufferGpa : command.prp1;
      if (!this.#admin({ ...command, ...(data === undefined ? {} : { prp1: data }) }, called)) {
        fail('the admin queue is full');
      }
    };
    identifyAndCreate(
      admin,
      {
        memory: this.#memory,
        bufferGpa,
        maxTransferBytes: this.#wantedTransfer,
        queueCount: this.#wantedQueues,
        queuePlan: (id) => plans[id - 1]!,
        vectorOf: (id) => this.#vectorOf(id),
        created: (plan) => this.#addPair(plan),
      },
      (result) => {
        if (typeof result === 'string') {
          fail(result);
          return;
        }
        this.#facts = result;
        done();
      },
    );
  }

  #planQueue(id: number, entries: number): QueuePairPlan | undefined {
    const sqGpa = this.#take(Math.ceil((entries * 64) / 4096));
    const cqGpa = this.#take(Math.ceil((entries * 16) / 4096));
    return sqGpa < 0 || cqGpa < 0 ? undefined : { id, entries, sqGpa, cqGpa };
  }

  /** Takes zeroed pages that `#stop` gives back; -1 when there are none. */
  #take(pages: number): number {
    const gpa = this.#pages.take(pages);
    if (gpa < 0) return -1;
    this.#memory.fill(gpa, 0, pages * 4096);
    this.#taken.push({ gpa, pages });
    return gpa;
  }

  #addPair(plan: QueuePairPlan): void {
    const pair = new QueuePair(this.#memory, this.#prps, this.#lists, plan);
    this.#pairs[plan.id] = pair;
    this.#reapTasks[plan.id] = makeTask(this.#owner, () => this.#reap(pair));
    this.#ringTasks[plan.id] = makeTask(this.#owner, () => this.#ring(pair));
  }

  #admin(
    command: { opcode: number; nsid?: number; cdw10?: number; cdw11?: number; prp1?: number },
    done: (status: number, dw0: number) => void,
  ): boolean {
    const data = new SgList(1);
    if (command.prp1 !== undefined) data.pushAddress(command.prp1, 4096);
    const request: NvmeHostRequest = {
      ioId: 0,
      opcode: command.opcode,
      nsid: command.nsid ?? 0,
      slba: 0,
      nlb0: 0,
      control: 0,
      raw: Int32Array.of(command.cdw10 ?? 0, command.cdw11 ?? 0, 0, 0, 0, 0),
      data,
      status: 0,
      dw0: 0,
      end: () => done(request.status, request.dw0),
    };
    if (this.#pairs[0]!.add(request) < 0) return false;
    this.#commands += 1;
    this.commitRqs(0);
    return true;
  }

  #vectorOf(id: number): number {
    return Math.min(id, this.#vectorCount - 1);
  }

  #ring(pair: QueuePair): void {
    const tail = pair.takeTail();
    if (tail < 0) return;
    this.#doorbells += 1;
    this.#tracer?.event(Layer.nvmeDriver, 'doorbell', 0, pair.id, tail);
    this.#pci.mmioWrite(DOORBELL_BASE + 2 * pair.id * this.#doorbellStride, 4, tail);
  }

  /** Ends what has completed: all of it, or one when handling costs time. */
  #reap(pair: QueuePair): void {
    const cost = this.#costs.guestCompleteNs;
    for (;;) {
      const request = pair.reap();
      if (request === undefined) break;
      this.#completions += 1;
      this.#progressAt = this.#executor.now;
      this.#tracer?.event(
        Layer.nvmeDriver,
        'complete',
        request.ioId,
        pair.id << 16,
        request.status,
      );
      // The device may reuse the entry before the request's owner acts, so the head is told last in a free run.
      if (cost > 0) this.#ringHead(pair);
      request.end(request);
      if (this.#pairs[pair.id] !== pair) return;
      if (cost > 0) {
        this.#executor.schedule(this.#reapTasks[pair.id]!, this.#executor.now + cost);
        return;
      }
    }
    this.#ringHead(pair);
  }

  #ringHead(pair: QueuePair): void {
    const head = pair.takeHead();
    if (head < 0) return;
    this.#doorbells += 1;
    this.#pci.mmioWrite(DOORBELL_BASE + (2 * pair.id + 1) * this.#doorbellStride, 4, head);
  }

  #endRefused(): void {
    for (const request of this.#refused.splice(0)) request.end(request);
  }

  /** Looks after a controller that has commands in flight and is silent. */
  #watch(): void {
    const isBusy = this.#pairs.some((pair) => pair.inFlight > 0);
    if (!isBusy || this.#pairs.length === 0) return;
    const csts = this.#csts();
    const isLate = this.#executor.now - this.#progressAt >= COMMAND_TIMEOUT_NS;
    if ((csts & Csts.cfs) !== 0 || isLate) {
      this.#isUp = false;
      this.#stop(() => {});
      return;
    }
    this.#executor.schedule(this.#watchTask, this.#executor.now + WATCH_NS);
  }

  /** Disables the controller, ends all that is in flight, gives the memory back and calls `done`. */
  #stop(done: () => void): void {
    this.#isUp = false;
    this.#writeCc(0);
    const finish = (): void => {
      const pairs = this.#pairs.splice(0);
      for (const task of [...this.#reapTasks.splice(0), ...this.#ringTasks.splice(0)]) {
        this.#executor.cancel(task);
      }
      this.#executor.cancel(this.#watchTask);
      for (const pair of pairs) {
        for (let lost = pair.releaseAny(); lost !== undefined; lost = pair.releaseAny()) {
          lost.status = ABORTED_BY_HOST;
          lost.end(lost);
        }
      }
      const listPages = listPagesFor(this.#wantedTransfer) || 1;
      for (const gpa of this.#freeLists.splice(0)) this.#pages.give(gpa, listPages);
      for (const { gpa, pages } of this.#taken.splice(0)) this.#pages.give(gpa, pages);
      done();
    };
    this.#wait(() => (this.#csts() & Csts.rdy) === 0, finish, finish);
  }

  #csts(): number {
    return this.#pci.mmioRead(NvmeRegister.csts, 4);
  }

  #writeCc(value: number): void {
    this.#pci.mmioWrite(NvmeRegister.cc, 4, value);
  }

  /** Polls until `condition` holds, for as long as CAP.TO allows. */
  #wait(condition: () => boolean, then: () => void, failed: () => void): void {
    this.#poll = () => {
      if (!condition()) return false;
      this.#poll = undefined;
      then();
      return true;
    };
    this.#pollFailed = failed;
    this.#pollUntil = this.#executor.now + this.#readyLimitNs;
    this.#executor.post(this.#pollTask);
  }

  #pollRegister(): void {
    const poll = this.#poll;
    if (poll === undefined || poll()) return;
    if (this.#executor.now >= this.#pollUntil) {
      this.#poll = undefined;
      this.#pollFailed();
      return;
    }
    this.#executor.schedule(this.#pollTask, this.#executor.now + POLL_NS);
  }
}

function inRange(key: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new ConfigError(key, value, `an integer from ${low} to ${high}`);
}
