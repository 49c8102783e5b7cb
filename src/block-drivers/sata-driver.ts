/**
 * The SATA disk driver: IDENTIFY at the start, queued reads and writes, FLUSH CACHE EXT between them. After Linux's libata.
 *
 * Commands that are not queued have the device to themselves: a flush waits until the queued ones have ended, and holds new ones back. When
 * a queued command fails the device has dropped them all: the driver reads the NCQ error log, fails or retries the one that it names, and sends
 * the others again. When that does not help, or a command takes too long, the link is reset.
 *
 * Does not model: TRIM, slower link speeds, giving up on a device.
 */
import { assert } from '../base/assert.ts';
import { IndexFifo } from '../base/index-fifo.ts';
import { SgList } from '../base/sg-list.ts';
import { ATA_SLOTS, type AtaDevice } from '../interfaces/ata-device.ts';
import {
  BioFlag,
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
import { RegionMemory } from '../memory/region-memory.ts';
import { makeTask } from '../sim/task.ts';
import {
  AtaCommand,
  type AtaIdentity,
  AtaStatusBit,
  activeBits,
  buildCommandFis,
  FIS_BYTES,
  FisType,
  NCQ_ERROR_LOG,
  ncqErrorTag,
  parseIdentify,
} from '../wire/ata.ts';
import { ATA_RETRY, blkStatusOfAta } from './ata-blk-status.ts';

/** How often a command is sent again: 5 times. */
export const ATA_MAX_RETRIES = 5;

/** How a {@link SataDriver} is made. */
export interface SataDriverOptions {
  /** Use FUA where the device has it (`libata.fua=1`). Yes unless given. */
  fua?: boolean;
  owner?: string;
}

/** A tag's command. */
interface Slot {
  request: Request | undefined;
  readonly fis: Uint8Array;
  retries: number;
  isTimedOut: boolean;
  /** The device has it. */
  isIssued: boolean;
}

/** What the driver is doing besides I/O. */
const Phase = { idle: 0, identify: 1, readLog: 2, reset: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

const LBA_BIT = 0x40;
const FUA_BIT = 0x80;
const ERROR_BITS = AtaStatusBit.error | AtaStatusBit.deviceFault;
/** The slot of the driver's own commands; nothing else is in flight then. */
const OWN_SLOT = 0;

/** libata as a blk-mq driver; it has limits and a size once `start` is done. */
export class SataDriver implements BlkMqOps {
  readonly hardwareQueueCount = 1;
  limits: QueueLimits = LIMITS;
  capacitySectors = 0;
  readonly #executor: Executor;
  readonly #device: AtaDevice;
  readonly #useFua: boolean;
  readonly #slots: readonly Slot[];
  /** Slots that are to be sent again, or end without a command. */
  readonly #again = new IndexFifo(ATA_SLOTS);
  readonly #againTask: Task;
  readonly #page = new RegionMemory([{ base: 0, size: 512 }]);
  readonly #pageList = new SgList(1);
  readonly #fis = new Uint8Array(FIS_BYTES);
  readonly #bytes = new Uint8Array(512);
  #phase: Phase = Phase.idle;
  #queueDepth = 0;
  #issued = 0;
  /** The slot of the command that is not queued, or -1. */
  #exclusive = -1;
  #done: ((failure: string | undefined) => void) | undefined = undefined;

  constructor(executor: Executor, device: AtaDevice, options: SataDriverOptions = {}) {
    this.#executor = executor;
    this.#device = device;
    this.#useFua = options.fua ?? true;
    this.#slots = Array.from({ length: ATA_SLOTS }, () => ({
      request: undefined,
      fis: new Uint8Array(FIS_BYTES),
      retries: 0,
      isTimedOut: false,
      isIssued: false,
    }));
    this.#againTask = makeTask(options.owner ?? 'sata-driver', () => this.#sendAgain());
    this.#pageList.pushAddress(0, 512);
    device.connect((fis) => this.#received(fis));
  }

  /** Tags: those of the device, or 1 when it does not queue. */
  get queueDepth(): number {
    return Math.max(1, this.#queueDepth);
  }

  /** Identifies the device; `done` gets `undefined`, or why it cannot be used. Never called inside `start`. */
  start(done: (failure: string | undefined) => void): void {
    assert(this.#done === undefined, 'a driver is started once');
    this.#done = done;
    this.#own(Phase.identify, AtaCommand.identifyDevice, 0, 1);
  }

  queueRq(_hardwareQueue: number, request: Request): QueueRqResult {
    const slot = this.#slots[request.tag]!;
    const queued = this.#isQueued(request);
    // Those that are to be sent again came first.
    if (this.#again.count > 0 || !this.#mayIssue(queued)) return QueueRqResult.deviceResource;
    slot.request = request;
    slot.retries = 0;
    slot.isTimedOut = false;
    if (this.#build(slot, request)) {
      this.#issue(request.tag, slot, queued);
    } else {
      this.#again.push(request.tag);
      this.#executor.post(this.#againTask);
    }
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(request: Request): TimeoutVerdict {
    this.#slots[request.tag]!.isTimedOut = true;
    if (this.#phase !== Phase.reset) this.#reset();
    return TimeoutVerdict.done;
  }

  #isQueued(request: Request): boolean {
    return this.#queueDepth > 0 && (request.op === BioOp.read || request.op === BioOp.write);
  }

  #mayIssue(queued: boolean): boolean {
    if (this.#phase !== Phase.idle || this.#exclusive >= 0) return false;
    return queued || this.#issued === 0;
  }

  /** False for an operation that there is no command for. */
  #build(slot: Slot, request: Request): boolean {
    const perSector = this.limits.logicalBlockSize / SECTOR_BYTES;
    const lba = request.sector / perSector;
    const count = (request.sectorCount / perSector) & 0xffff;
    const isFua = (request.flags & BioFlag.fua) !== 0;
    const isWrite = request.op === BioOp.write;
    if (this.#isQueued(request)) {
      const command = isWrite ? AtaCommand.writeFpdmaQueued : AtaCommand.readFpdmaQueued;
      const device = LBA_BIT | (isFua ? FUA_BIT : 0);
      buildCommandFis(slot.fis, command, lba, request.tag << 3, count, device);
    } else if (isWrite) {
      const command = isFua ? AtaCommand.writeDmaFuaExt : AtaCommand.writeDmaExt;
      buildCommandFis(slot.fis, command, lba, count, 0, LBA_BIT);
    } else if (request.op === BioOp.read) {
      buildCommandFis(slot.fis, AtaCommand.readDmaExt, lba, count, 0, LBA_BIT);
    } else if (request.op === BioOp.flush) {
      buildCommandFis(slot.fis, AtaCommand.flushCacheExt, 0, 0, 0, LBA_BIT);
    } else {
      return this.#buildRaw(slot, request);
    }
    return true;
  }

  #buildRaw(slot: Slot, request: Request): boolean {
    const isRaw = request.op === BioOp.driverIn || request.op === BioOp.driverOut;
    if (!isRaw || request.raw?.length !== FIS_BYTES) {
      slot.fis[0] = 0;
      return false;
    }
    slot.fis.set(request.raw);
    return true;
  }

  #issue(tag: number, slot: Slot, queued: boolean): void {
    const request = slot.request!;
    slot.isIssued = true;
    this.#issued += 1;
    if (!queued) this.#exclusive = tag;
    this.#device.issue(tag, slot.fis, request.memory, request.data, request.ioId);
  }

  /** Sends a command of the driver's own, whose answer comes into its page. */
  #own(phase: Phase, command: AtaCommand, lba: number, count: number): void {
    this.#phase = phase;
    buildCommandFis(this.#fis, command, lba, count, 0, LBA_BIT);
    this.#device.issue(OWN_SLOT, this.#fis, this.#page, this.#pageList, 0);
  }

  #received(fis: Uint8Array): void {
    const status = fis[2]!;
    switch (fis[0]) {
      case FisType.setDeviceBits:
        this.#queuedEnded(activeBits(fis));
        if ((status & ERROR_BITS) !== 0) this.#recover();
        break;
      case FisType.registerD2H:
      case FisType.pioSetup:
        if (this.#phase === Phase.identify) this.#identified(status);
        else if (this.#phase === Phase.readLog) this.#logRead(status);
        else if (this.#phase === Phase.reset) this.#resume();
        else this.#exclusiveEnded(status, fis[3]!);
        break;
      default:
    }
  }

  #queuedEnded(active: number): void {
    for (let left = active; left !== 0; ) {
      const tag = 31 - Math.clz32(left);
      left &= ~(1 << tag);
      const slot = this.#slots[tag]!;
      if (slot.isIssued && this.#exclusive !== tag) this.#finish(slot, BlkStatus.ok);
    }
  }

  #exclusiveEnded(status: number, error: number): void {
    if (this.#exclusive < 0) return;
    const slot = this.#slots[this.#exclusive]!;
    if ((status & ERROR_BITS) === 0) this.#finish(slot, BlkStatus.ok);
    else this.#failed(slot, status, error);
  }

  /** The device dropped what was queued, and wants its log read. */
  #recover(): void {
    if (this.#phase === Phase.idle)
      this.#own(Phase.readLog, AtaCommand.readLogExt, NCQ_ERROR_LOG, 1);
  }

  #logRead(status: number): void {
    this.#page.load(0, this.#bytes, 0, 512);
    const tag = (status & ERROR_BITS) === 0 ? ncqErrorTag(this.#bytes) : -1;
    const slot = tag < 0 ? undefined : this.#slots[tag]!;
    if (slot === undefined || !slot.isIssued) {
      this.#reset();
      return;
    }
    this.#phase = Phase.idle;
    this.#dropIssued(slot);
    this.#failed(slot, this.#bytes[2]!, this.#bytes[3]!);
  }

  /** What the device has no more is sent again; `except` is dealt with by the caller. */
  #dropIssued(except: Slot): void {
    for (let tag = 0; tag < ATA_SLOTS; tag++) {
      const slot = this.#slots[tag]!;
      if (slot.isIssued && slot !== except) this.#retry(tag, slot);
    }
  }

  #retry(tag: number, slot: Slot): void {
    this.#withdraw(tag, slot);
    this.#again.push(tag);
    this.#executor.post(this.#againTask);
  }

  #withdraw(tag: number, slot: Slot): void {
    slot.isIssued = false;
    this.#issued -= 1;
    if (this.#exclusive === tag) this.#exclusive = -1;
  }

  #failed(slot: Slot, status: number, error: number): void {
    const request = slot.request!;
    const isRaw = request.op === BioOp.driverIn || request.op === BioOp.driverOut;
    const verdict = blkStatusOfAta(status, error);
    if (isRaw || verdict !== ATA_RETRY) {
      this.#finish(slot, verdict === ATA_RETRY ? BlkStatus.ioError : verdict);
    } else if (slot.retries === ATA_MAX_RETRIES) {
      this.#finish(slot, BlkStatus.ioError);
    } else {
      slot.retries += 1;
      this.#retry(request.tag, slot);
    }
  }

  #reset(): void {
    this.#phase = Phase.reset;
    this.#device.comreset();
  }

  /** The signature came: the device has forgotten everything. */
  #resume(): void {
    this.#phase = Phase.idle;
    for (let tag = 0; tag < ATA_SLOTS; tag++) {
      const slot = this.#slots[tag]!;
      if (!slot.isIssued) continue;
      // A device that a reset does not help must not be reset for ever.
      slot.retries += 1;
      if (slot.isTimedOut || slot.retries <= ATA_MAX_RETRIES) this.#retry(tag, slot);
      else this.#finish(slot, BlkStatus.ioError);
    }
    this.#executor.post(this.#againTask);
  }

  #sendAgain(): void {
    for (let left = this.#again.count; left > 0; left--) {
      const tag = this.#again.shift();
      const slot = this.#slots[tag]!;
      const request = slot.request!;
      if (slot.isTimedOut) {
        this.#finish(slot, BlkStatus.timeout);
      } else if (slot.fis[0] === 0) {
        this.#finish(slot, BlkStatus.notSupported);
      } else if (this.#mayIssue(this.#isQueued(request))) {
        this.#issue(tag, slot, this.#isQueued(request));
      } else {
        this.#again.push(tag);
      }
    }
  }

  #finish(slot: Slot, status: BlkStatus): void {
    const request = slot.request!;
    if (slot.isIssued) this.#withdraw(request.tag, slot);
    slot.request = undefined;
    request.status = status;
    request.end(request);
    // Those that wait here came before what the block layer may send now.
    if (this.#again.count > 0) this.#executor.post(this.#againTask);
  }

  #identified(status: number): void {
    this.#phase = Phase.idle;
    this.#page.load(0, this.#bytes, 0, 512);
    const identity = (status & ERROR_BITS) === 0 ? parseIdentify(this.#bytes) : undefined;
    if (identity === undefined) {
      this.#done!('the device does not identify itself as a disk');
      return;
    }
    this.#queueDepth = identity.queueDepth;
    this.capacitySectors = (identity.sectorCount * identity.sectorBytes) / SECTOR_BYTES;
    this.limits = limitsOf(identity, this.#useFua);
    this.#done!(undefined);
  }
}

function limitsOf(identity: AtaIdentity, useFua: boolean): QueueLimits {
  return {
    ...LIMITS,
    logicalBlockSize: identity.sectorBytes,
    physicalBlockSize: identity.physicalBytes,
    writeCache: identity.writeCache,
    fua: identity.writeCache && identity.fua && useFua,
  };
}

const LIMITS: QueueLimits = {
  ...DEFAULT_LIMITS,
  // AHCI's table of physical regions, as libata sizes it.
  maxSegments: 168,
};
