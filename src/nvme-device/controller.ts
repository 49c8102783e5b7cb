/**
 * An NVMe controller: registers and life cycle in front of the queue engine. NVMe Base 2.0, 3.1, 3.5 and 3.6.
 *
 * CC and the doorbells only record what the host wrote; everything that follows from it happens in tasks.
 *
 * Does not model: other controllers of the subsystem at a subsystem reset, controller memory buffer, persistent memory region, boot
 * partitions.
 *
 * Events of the layer `nvme-device`: `state` (a: index in `disabled enabling ready fatal resetting`, b: CC), `fatal` (a: reason),
 * `doorbell` (a: index, b: value), `fetch` (a: opcode, b: new head), `post` (a: status, b: SQHD).
 */
import { assert } from '../base/assert.ts';
import { addressOf } from '../base/sg-list.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { HostedNvmeController, NvmeInterrupts } from '../interfaces/nvme-controller.ts';
import type { AccessBytes, RegisterHalves } from '../interfaces/pci-function.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { makeTask } from '../sim/task.ts';
import { Cc, Csts, DOORBELL_BASE, NvmeRegister } from '../wire/nvme-registers.ts';
import { AdminUnit } from './admin-unit.ts';
import { CC_AMS_WEIGHTED, canEnable, capHighOf, capLowOf, checkAdvertised } from './advertised.ts';
import { AsyncEvents } from './async-events.ts';
import { CONTROLLER_STATES, type ControllerState, NEXT_STATES } from './controller-states.ts';
import { FatalReason } from './engine-host.ts';
import { InterruptUnit } from './interrupt-unit.ts';
import {
  type NvmeDeviceOptions,
  type ResolvedDeviceOptions,
  registerBytesOf,
  resolveDeviceOptions,
} from './options.ts';
import { QueueEngine } from './queue-engine.ts';
import { QueueFeatures } from './queue-features.ts';

/** CC bits that the host can write. */
const CC_WRITABLE = 0x00ff_fff1;
const AQA_WRITABLE = 0x0fff_0fff;
/** Bit of CSTS, and what NSSR must be written with: "NVMe". */
const NSSRO = 0x10;
const NSSR_SIGNATURE = 0x4e56_4d65;
const SHUTDOWN_OCCURRING = 1;
const SHUTDOWN_COMPLETE = 2;

/** {@link HostedNvmeController} over a command port. */
export class NvmeDeviceController implements HostedNvmeController {
  readonly registerBytes: number;
  readonly #executor: Executor;
  readonly #port: NvmeCommandPort;
  readonly #engine: QueueEngine;
  readonly #admin: AdminUnit;
  readonly #interrupts: InterruptUnit;
  readonly #events: AsyncEvents;
  readonly #features: QueueFeatures;
  readonly #tracer: Tracer | undefined;
  readonly #options: ResolvedDeviceOptions;
  readonly #readyDelayNs: number;
  readonly #strideShift: number;
  /** CSTS.NSSRO: a subsystem reset occurred and the host has not acknowledged it. */
  #resetOccurred = false;
  #state: ControllerState = 'disabled';
  #cc = 0;
  #ready = false;
  #shutdown = 0;
  #aqa = 0;
  #asqLo = 0;
  #asqHi = 0;
  #acqLo = 0;
  #acqHi = 0;
  /** CC.EN was cleared since the controller became enabled. */
  #resetWanted = false;
  #shutdownWanted = false;
  #portEnabled = false;
  readonly #controlTask: Task;
  readonly #readyTask: Task;
  readonly #shutdownDone: () => void;
  readonly #resetDone: () => void;
  /** Who waits for the end of a hard reset. */
  #hardResetDones: (() => void)[] = [];

  /** @throws ConfigError for an option out of its range */
  constructor(
    executor: Executor,
    memory: GuestMemory,
    port: NvmeCommandPort,
    interrupts: NvmeInterrupts,
    options: NvmeDeviceOptions = {},
  ) {
    const resolved = resolveDeviceOptions(options);
    checkAdvertised(resolved, port.limits);
    this.#executor = executor;
    this.#port = port;
    this.#tracer = resolved.tracer;
    this.#readyDelayNs = resolved.readyDelayNs;
    this.#strideShift = 2 + resolved.doorbellStride;
    this.registerBytes = registerBytesOf(resolved);
    this.#options = resolved;
    this.#interrupts = new InterruptUnit(executor, interrupts, resolved.vectorCount);
    this.#events = new AsyncEvents(resolved.asyncEventLimit);
    this.#features = new QueueFeatures(resolved.ioQueues, this.#interrupts, this.#events);
    this.#engine = new QueueEngine(
      executor,
      memory,
      port,
      this.#interrupts,
      this.#events,
      this.#features,
      {
        executeAdmin: (command) => this.#admin.execute(command),
        queueDrained: (sq) => this.#admin.queueDrained(sq),
        fatal: (reason) => this.#fail(reason),
      },
      resolved,
    );
    this.#admin = new AdminUnit(
      this.#engine,
      port,
      this.#interrupts,
      this.#events,
      this.#features,
      resolved,
    );
    this.#controlTask = makeTask('nvme-device', () => this.#control());
    this.#readyTask = makeTask('nvme-device', () => this.#becomeReady());
    this.#shutdownDone = () => this.#finishShutdown();
    this.#resetDone = () => this.#finishReset();
    port.connect({
      asyncEvent: (type, info, logPage) => {
        this.#events.add(type, info, logPage);
        if (this.#events.isReady) this.#engine.wake(0);
      },
      namespaceChanged: () => this.#engine.forgetFormats(),
    });
  }

  setInterruptMode(vectorCount: number, levels: boolean): void {
    this.#interrupts.setMode(vectorCount, levels);
  }

  setBusMaster(canMaster: boolean): void {
    this.#engine.canMaster = canMaster;
  }

  read(at: number, size: AccessBytes): number {
    if ((at & 3) === 0 && size === 4) return this.#readWord(at);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) {
      const byte = (this.#readWord((at + i) & ~3) >>> (8 * ((at + i) & 3))) & 0xff;
      value = ((value << 8) | byte) >>> 0;
    }
    return value;
  }

  write(at: number, size: AccessBytes, value: number): void {
    if (at >= DOORBELL_BASE) {
      const offset = at - DOORBELL_BASE;
      if (size !== 4 || at >= this.registerBytes) return;
      if ((offset & ((1 << this.#strideShift) - 1)) !== 0) return;
      // The doorbell is the low half of the word; the rest is reserved. NVMe over PCIe 1.0, 3.1.2.
      this.#engine.doorbell(offset >>> this.#strideShift, value & 0xffff);
      return;
    }
    const shift = 8 * (at & 3);
    if (shift + 8 * size > 32) return;
    const word = at & ~3;
    const mask = size === 4 ? -1 : ((1 << (8 * size)) - 1) << shift;
    const isWriteOne =
      word === NvmeRegister.intms || word === NvmeRegister.intmc || word === NvmeRegister.csts;
    const kept = isWriteOne ? 0 : this.#readWord(word) & ~mask;
    this.#writeWord(word, (kept | ((value << shift) & mask)) >>> 0);
  }

  read64(at: number, halves: RegisterHalves): void {
    halves.lo = this.read(at, 4);
    halves.hi = this.read(at + 4, 4);
  }

  write64(at: number, lo: number, hi: number): void {
    this.write(at, 4, lo);
    this.write(at + 4, 4, hi);
  }

  hardReset(done?: () => void): void {
    if (done !== undefined) this.#hardResetDones.push(done);
    this.#stopQueues();
    this.#cc = 0;
    this.#aqa = 0;
    this.#asqLo = 0;
    this.#asqHi = 0;
    this.#acqLo = 0;
    this.#acqHi = 0;
    this.#resetWanted = true;
    this.#executor.post(this.#controlTask);
  }

  /** NVM Subsystem Reset. NVMe Base 2.0, 3.7.1. */
  #resetSubsystem(): void {
    this.hardReset();
    this.#resetOccurred = true;
  }

  #readWord(at: number): number {
    switch (at) {
      case NvmeRegister.cap:
        return capLowOf(this.#options);
      case NvmeRegister.cap + 4:
        return capHighOf(this.#options);
      case NvmeRegister.vs:
        return this.#options.version;
      case NvmeRegister.intms:
      case NvmeRegister.intmc:
        return this.#interrupts.mask >>> 0;
      case NvmeRegister.cc:
        return this.#cc;
      case NvmeRegister.csts:
        return this.#readStatus();
      case NvmeRegister.aqa:
        return this.#aqa;
      case NvmeRegister.asq:
        return this.#asqLo;
      case NvmeRegister.asq + 4:
        return this.#asqHi;
      case NvmeRegister.acq:
        return this.#acqLo;
      case NvmeRegister.acq + 4:
        return this.#acqHi;
      default:
        return 0;
    }
  }

  #readStatus(): number {
    return (
      (this.#ready ? Csts.rdy : 0) |
      (this.#state === 'fatal' ? Csts.cfs : 0) |
      (this.#shutdown << Csts.shstShift) |
      (this.#resetOccurred ? NSSRO : 0)
    );
  }

  #writeWord(at: number, value: number): void {
    switch (at) {
      case NvmeRegister.intms:
        this.#interrupts.setMask(this.#interrupts.mask | value);
        return;
      case NvmeRegister.intmc:
        this.#interrupts.setMask(this.#interrupts.mask & ~value);
        return;
      case NvmeRegister.cc:
        this.#writeCc((value & CC_WRITABLE) >>> 0);
        return;
      case NvmeRegister.csts:
        if ((value & NSSRO) !== 0) this.#resetOccurred = false;
        return;
      case NvmeRegister.nssr:
        if (this.#options.subsystemReset && value === NSSR_SIGNATURE) this.#resetSubsystem();
        return;
      case NvmeRegister.aqa:
        if (this.#canSetAdminQueues) this.#aqa = value & AQA_WRITABLE;
        return;
      case NvmeRegister.asq:
        if (this.#canSetAdminQueues) this.#asqLo = value;
        return;
      case NvmeRegister.asq + 4:
        if (this.#canSetAdminQueues) this.#asqHi = value;
        return;
      case NvmeRegister.acq:
        if (this.#canSetAdminQueues) this.#acqLo = value;
        return;
      case NvmeRegister.acq + 4:
        if (this.#canSetAdminQueues) this.#acqHi = value;
        return;
      default:
        return;
    }
  }

  /** The admin queue registers are written while the controller is disabled; at other times they keep their values. */
  get #canSetAdminQueues(): boolean {
    return (this.#cc & Cc.en) === 0;
  }

  #writeCc(value: number): void {
    const wasEnabled = (this.#cc & Cc.en) !== 0;
    const isEnabled = (value & Cc.en) !== 0;
    this.#cc = value;
    // What was shut down while it was disabled begins anew.
    if (!wasEnabled && isEnabled) this.#shutdown = 0;
    if (wasEnabled && !isEnabled) {
      this.#stopQueues();
      this.#resetWanted = true;
    }
    const notification = (value >>> Cc.shnShift) & Cc.shnMask;
    if ((notification === 1 || notification === 2) && this.#shutdown === 0) {
      this.#shutdown = SHUTDOWN_OCCURRING;
      this.#shutdownWanted = true;
      this.#engine.pause();
    }
    this.#executor.post(this.#controlTask);
  }

  /** No completion is posted after this. */
  #stopQueues(): void {
    this.#engine.stop();
    this.#admin.reset();
    this.#events.reset();
    this.#features.reset();
    this.#interrupts.reset();
  }

  /** Does what the registers ask for. */
  #control(): void {
    if (this.#resetWanted) this.#beginReset();
    if (this.#state === 'disabled') {
      for (const done of this.#hardResetDones.splice(0)) done();
    }
    if (this.#shutdownWanted) {
      this.#shutdownWanted = false;
      if (this.#portEnabled && this.#state !== 'resetting') this.#port.shutdown(this.#shutdownDone);
      else this.#finishShutdown();
    }
    if (this.#state === 'disabled' && (this.#cc & Cc.en) !== 0) {
      this.#enter('enabling');
      this.#executor.schedule(this.#readyTask, this.#executor.now + this.#readyDelayNs);
    }
  }

  #beginReset(): void {
    this.#resetWanted = false;
    this.#shutdownWanted = false;
    if (this.#state === 'disabled') this.#shutdown = 0;
    if (this.#state === 'disabled' || this.#state === 'resetting') return;
    this.#executor.cancel(this.#readyTask);
    if (this.#portEnabled) {
      this.#enter('resetting');
      this.#port.reset(this.#resetDone);
    } else {
      this.#enter('disabled');
      this.#disabled();
    }
  }

  #finishReset(): void {
    this.#portEnabled = false;
    this.#enter('disabled');
    this.#disabled();
    this.#executor.post(this.#controlTask);
  }

  #disabled(): void {
    this.#ready = false;
    this.#shutdown = 0;
  }

  #finishShutdown(): void {
    if (this.#shutdown === SHUTDOWN_OCCURRING) this.#shutdown = SHUTDOWN_COMPLETE;
  }

  #becomeReady(): void {
    if (this.#resetWanted) return;
    if (!canEnable(this.#options, this.#cc, this.#aqa, this.#asqLo, this.#acqLo)) {
      this.#fail(FatalReason.badConfiguration);
      return;
    }
    this.#enter('ready');
    this.#ready = true;
    this.#portEnabled = true;
    this.#port.enable({ cc: this.#cc });
    const pageBytes = 4096 << ((this.#cc >>> Cc.mpsShift) & Cc.mpsMask);
    this.#admin.pageBytes = pageBytes;
    this.#engine.start(
      pageBytes,
      addressOf(this.#asqLo, this.#asqHi),
      (this.#aqa & 0xfff) + 1,
      addressOf(this.#acqLo, this.#acqHi),
      (this.#aqa >>> 16) + 1,
      ((this.#cc >>> Cc.amsShift) & Cc.amsMask) === CC_AMS_WEIGHTED,
    );
    if (this.#shutdown !== 0) this.#engine.pause();
  }

  #fail(reason: number): void {
    if (this.#state === 'fatal') return;
    this.#engine.halt();
    this.#enter('fatal');
    this.#tracer?.event(Layer.nvmeDevice, 'fatal', 0, reason, 0);
  }

  #enter(next: ControllerState): void {
    assert(NEXT_STATES[this.#state].includes(next), 'a controller follows its state table');
    this.#state = next;
    this.#tracer?.event(Layer.nvmeDevice, 'state', 0, CONTROLLER_STATES.indexOf(next), this.#cc);
  }
}
