/**
 * The SATA disk driver: resets and identifies the device, sends requests as frames, and handles what goes wrong. After Linux's libata.
 *
 * Commands that are not queued have the device to themselves: a flush waits until the queued ones have ended, and holds new ones back. When
 * a queued command fails the device has dropped them all: the driver reads the NCQ error log, fails or retries the one that it names, and sends
 * the others again, which costs them no retry. When that does not help, or a command takes too long, the port is frozen and the error handler
 * resets the device, ever harder; a device that no reset helps is disabled.
 *
 * Does not model: several devices of a host, turning queueing off.
 */
import { assert } from '../base/assert.ts';
import { IndexFifo } from '../base/index-fifo.ts';
import { ATA_SLOTS, type AtaDevice } from '../interfaces/ata-device.ts';
import {
  BioOp,
  BlkStatus,
  DEFAULT_LIMITS,
  type QueueLimits,
  SECTOR_BYTES,
} from '../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import {
  AtaCommand,
  AtaErrorBit,
  AtaStatusBit,
  activeBits,
  FisType,
  NCQ_ERROR_LOG,
  ncqErrorTag,
} from '../wire/ata.ts';
import type { AtaIdentity } from '../wire/ata-identify.ts';
import { TRIM_RANGE_SECTORS, TRIM_RANGES } from '../wire/ata-trim.ts';
import { ATA_RETRY, blkStatusOfAta } from './ata-blk-status.ts';
import { SATA_RESET_TIMEOUT_NS, SataErrorHandler, SataRung } from './sata-error-handler.ts';
import { SataFisBuilder, type SataSlot } from './sata-fis-builder.ts';
import { SataOwnCommand } from './sata-own-command.ts';

/** How often a command is sent again: 5 times. */
export const ATA_MAX_RETRIES = 5;
/** So many transfers that broke on the link within ten minutes slow the link down. */
export const ATA_LINK_ERRORS = 10;
const ATA_LINK_ERROR_WINDOW_NS = 600_000_000_000;

/** How a {@link SataDriver} is made. */
export interface SataDriverOptions {
  /** Use FUA where the device has it (`libata.fua=1`). Yes unless given. */
  fua?: boolean;
  owner?: string;
}

const ERROR_BITS = AtaStatusBit.error | AtaStatusBit.deviceFault;

/** libata as a blk-mq driver; it has limits and a size once `start` is done. */
export class SataDriver implements BlkMqOps {
  readonly hardwareQueueCount = 1;
  limits: QueueLimits = LIMITS;
  capacitySectors = 0;
  readonly #executor: Executor;
  readonly #device: AtaDevice;
  readonly #useFua: boolean;
  readonly #builder = new SataFisBuilder();
  readonly #own: SataOwnCommand;
  readonly #handler: SataErrorHandler;
  /** Slots that are to be sent again, or end without a command. */
  readonly #again = new IndexFifo(ATA_SLOTS);
  readonly #againTask: Task;
  readonly #logTimer: Task;
  #isReadingLog = false;
  #isDisabled = false;
  /** Whoever was in flight may be what the reset was for. */
  #isAnyAtFault = false;
  #issued = 0;
  /** The slot of the command that is not queued, or -1. */
  #exclusive = -1;
  #linkErrors = 0;
  #linkErrorsSinceNs = 0;
  #done: ((failure: string | undefined) => void) | undefined = undefined;
  #isStarted = false;

  constructor(executor: Executor, device: AtaDevice, options: SataDriverOptions = {}) {
    const owner = options.owner ?? 'sata-driver';
    this.#executor = executor;
    this.#device = device;
    this.#useFua = options.fua ?? true;
    this.#againTask = makeTask(owner, () => this.#sendAgain());
    this.#logTimer = makeTask(owner, () => this.#recover(SataRung.softReset, true));
    this.#own = new SataOwnCommand(device);
    this.#handler = new SataErrorHandler(
      executor,
      device,
      this.#own,
      owner,
      () => this.#recovered(),
      () => this.#gaveUp(),
    );
    device.connect((fis) => this.#received(fis));
  }

  /** Tags: those of the device, or 1 when it does not queue. */
  get queueDepth(): number {
    return Math.max(1, this.#builder.queueDepth);
  }

  /** Has the error handler given the device up? Every request then ends as offline. */
  get isDisabled(): boolean {
    return this.#isDisabled;
  }

  /** Resets and identifies the device; `done` gets `undefined`, or why it cannot be used. Never called inside `start`. */
  start(done: (failure: string | undefined) => void): void {
    assert(this.#done === undefined, 'a driver is started once');
    this.#done = done;
    this.#handler.start(SataRung.hardReset);
  }

  queueRq(_hardwareQueue: number, request: Request): QueueRqResult {
    const slot = this.#builder.slots[request.tag]!;
    const queued = this.#builder.isQueued(request);
    // Those that are to be sent again came first.
    const mayIssue = this.#again.count === 0 && this.#mayIssue(queued);
    if (!mayIssue && !this.#isDisabled) return QueueRqResult.deviceResource;
    slot.request = request;
    slot.retries = 0;
    slot.isTimedOut = false;
    slot.refusal = this.#isDisabled ? BlkStatus.offline : this.#builder.build(slot, request);
    if (slot.refusal === BlkStatus.ok) this.#issue(request.tag, slot);
    else this.#retry(request.tag, slot);
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(request: Request): TimeoutVerdict {
    const slot = this.#builder.slots[request.tag]!;
    slot.isTimedOut = true;
    if (slot.isIssued && !this.#handler.isClimbing) this.#recover(SataRung.softReset, false);
    return TimeoutVerdict.resetTimer;
  }

  #mayIssue(queued: boolean): boolean {
    if (this.#isReadingLog || this.#handler.isClimbing || this.#exclusive >= 0) return false;
    return queued || this.#issued === 0;
  }

  #issue(tag: number, slot: SataSlot): void {
    slot.isIssued = true;
    this.#issued += 1;
    if (!slot.isQueued) this.#exclusive = tag;
    this.#device.issue(tag, slot.fis, slot.memory, slot.data, slot.request!.ioId);
  }

  #received(fis: Uint8Array): void {
    if (this.#handler.isClimbing) {
      this.#handler.received(fis);
      return;
    }
    if (!this.#isStarted) return;
    const status = fis[2]!;
    switch (fis[0]) {
      case FisType.setDeviceBits:
        if (this.#isReadingLog) break;
        this.#queuedEnded(activeBits(fis));
        if ((status & ERROR_BITS) !== 0) this.#readLog();
        break;
      case FisType.registerD2H:
      case FisType.pioSetup:
        if (this.#isReadingLog) this.#logRead(status);
        else this.#exclusiveEnded(status, fis[3]!);
        break;
      default:
    }
  }

  #queuedEnded(active: number): void {
    for (let left = active; left !== 0; ) {
      const tag = 31 - Math.clz32(left);
      left &= ~(1 << tag);
      const slot = this.#builder.slots[tag]!;
      if (slot.isIssued && this.#exclusive !== tag) this.#finish(slot, BlkStatus.ok);
    }
  }

  #exclusiveEnded(status: number, error: number): void {
    if (this.#exclusive < 0) return;
    const slot = this.#builder.slots[this.#exclusive]!;
    if ((status & ERROR_BITS) === 0) this.#finish(slot, BlkStatus.ok);
    else this.#failed(slot, status, error);
  }

  /** The device dropped what was queued, and wants its log read. */
  #readLog(): void {
    this.#isReadingLog = true;
    this.#executor.schedule(this.#logTimer, this.#executor.now + SATA_RESET_TIMEOUT_NS);
    this.#own.issue(AtaCommand.readLogExt, NCQ_ERROR_LOG, 1);
  }

  #logRead(status: number): void {
    const log = this.#own.load();
    const tag = (status & ERROR_BITS) === 0 ? ncqErrorTag(log) : -1;
    const slot = tag < 0 ? undefined : this.#builder.slots[tag]!;
    if (slot === undefined || !slot.isIssued) {
      this.#recover(SataRung.softReset, true);
      return;
    }
    this.#endLog();
    // What the device has no more is sent again.
    for (const [other, each] of this.#builder.slots.entries()) {
      if (each.isIssued && each !== slot) this.#retry(other, each);
    }
    this.#failed(slot, log[2]!, log[3]!);
  }

  #endLog(): void {
    this.#isReadingLog = false;
    this.#executor.cancel(this.#logTimer);
  }

  #retry(tag: number, slot: SataSlot): void {
    if (slot.isIssued) this.#withdraw(tag, slot);
    this.#again.push(tag);
    this.#executor.post(this.#againTask);
  }

  #withdraw(tag: number, slot: SataSlot): void {
    slot.isIssued = false;
    this.#issued -= 1;
    if (this.#exclusive === tag) this.#exclusive = -1;
  }

  #failed(slot: SataSlot, status: number, error: number): void {
    const request = slot.request!;
    const isRaw = request.op === BioOp.driverIn || request.op === BioOp.driverOut;
    const verdict = blkStatusOfAta(status, error);
    if (isRaw || verdict !== ATA_RETRY) {
      this.#finish(slot, verdict === ATA_RETRY ? BlkStatus.ioError : verdict);
    } else {
      this.#tryAgain(request.tag, slot, BlkStatus.ioError);
    }
    if ((error & AtaErrorBit.interfaceCrc) !== 0) this.#countLinkError();
  }

  /** What was sent too often ends when it would be sent again: nothing ends while slots are gone through. */
  #tryAgain(tag: number, slot: SataSlot, otherwise: BlkStatus): void {
    slot.retries += 1;
    if (slot.retries > ATA_MAX_RETRIES) slot.refusal = otherwise;
    this.#retry(tag, slot);
  }

  /** A link that breaks too many transfers is tried at a slower speed. */
  #countLinkError(): void {
    const { now } = this.#executor;
    if (now - this.#linkErrorsSinceNs > ATA_LINK_ERROR_WINDOW_NS) this.#linkErrors = 0;
    if (this.#linkErrors === 0) this.#linkErrorsSinceNs = now;
    this.#linkErrors += 1;
    if (this.#linkErrors < ATA_LINK_ERRORS) return;
    this.#linkErrors = 0;
    if (!this.#handler.isClimbing) this.#recover(SataRung.slower, false);
  }

  /** Freezes the port; the device forgets everything. */
  #recover(rung: SataRung, isAnyAtFault: boolean): void {
    this.#endLog();
    this.#isAnyAtFault = isAnyAtFault;
    this.#handler.start(rung);
  }

  #recovered(): void {
    if (!this.#isStarted) {
      this.#started(this.#handler.identity!);
      return;
    }
    for (const [tag, slot] of this.#builder.slots.entries()) {
      if (!slot.isIssued) continue;
      // A device that a reset does not help must not be reset for ever.
      if (slot.isTimedOut) this.#tryAgain(tag, slot, BlkStatus.timeout);
      else if (this.#isAnyAtFault) this.#tryAgain(tag, slot, BlkStatus.ioError);
      else this.#retry(tag, slot);
      slot.isTimedOut = false;
    }
    this.#executor.post(this.#againTask);
  }

  #gaveUp(): void {
    this.#isDisabled = true;
    if (!this.#isStarted) {
      this.#done!('the device does not identify itself as a disk');
      return;
    }
    for (const [tag, slot] of this.#builder.slots.entries()) {
      if (!slot.isIssued) continue;
      slot.refusal = slot.isTimedOut ? BlkStatus.timeout : BlkStatus.ioError;
      this.#retry(tag, slot);
    }
    this.#executor.post(this.#againTask);
  }

  #sendAgain(): void {
    for (let left = this.#again.count; left > 0; left--) {
      const tag = this.#again.shift();
      const slot = this.#builder.slots[tag]!;
      if (slot.refusal !== BlkStatus.ok) {
        this.#finish(slot, slot.refusal);
      } else if (slot.isTimedOut) {
        this.#finish(slot, BlkStatus.timeout);
      } else if (this.#isDisabled) {
        this.#finish(slot, BlkStatus.offline);
      } else if (this.#mayIssue(slot.isQueued)) {
        this.#issue(tag, slot);
      } else {
        this.#again.push(tag);
      }
    }
  }

  #finish(slot: SataSlot, status: BlkStatus): void {
    const request = slot.request!;
    if (slot.isIssued) this.#withdraw(request.tag, slot);
    slot.request = undefined;
    request.status = status;
    request.end(request);
    // Those that wait here came before what the block layer may send now.
    if (this.#again.count > 0) this.#executor.post(this.#againTask);
  }

  #started(identity: AtaIdentity): void {
    const builder = this.#builder;
    this.#isStarted = true;
    builder.queueDepth = identity.queueDepth;
    builder.sectorBytes = identity.sectorBytes;
    builder.canTrim = identity.trim;
    builder.canQueueTrim = this.#handler.canQueueTrim;
    this.capacitySectors = (identity.sectorCount * identity.sectorBytes) / SECTOR_BYTES;
    this.limits = limitsOf(identity, this.#useFua);
    this.#done!(undefined);
  }
}

function limitsOf(identity: AtaIdentity, useFua: boolean): QueueLimits {
  const perSector = identity.sectorBytes / SECTOR_BYTES;
  return {
    ...LIMITS,
    logicalBlockSize: identity.sectorBytes,
    physicalBlockSize: identity.physicalBytes,
    maxDiscardSectors: identity.trim ? TRIM_RANGES * TRIM_RANGE_SECTORS * perSector : 0,
    discardGranularity: identity.trim ? identity.physicalBytes : 0,
    writeCache: identity.writeCache,
    fua: identity.writeCache && identity.fua && useFua,
  };
}

const LIMITS: QueueLimits = {
  ...DEFAULT_LIMITS,
  // AHCI's table of physical regions, as libata sizes it.
  maxSegments: 168,
};
