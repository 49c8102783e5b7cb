/**
 * A SATA disk at the end of a link, one frame at a time. ACS-3, Serial ATA 3.2.
 *
 * A command is checked when its frame arrives, takes the time that its profile gives, and moves its data when that time is over. Queued commands
 * end by Set Device Bits in any order; one that fails stops the queue: the others are gone, and nothing but READ LOG EXT of the NCQ error
 * log (or a reset) is served until that log was read (Serial ATA 3.2, 13.6.3).
 *
 * Does not model: the frame that releases a queued command, data frames (the memory of the slot is moved as one), PIO reads and writes,
 * security, SMART, power modes, lists of ranges longer than one block.
 */
import { ConfigError } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import { ATA_SLOTS, type AtaDevice } from '../interfaces/ata-device.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import type { Medium } from '../interfaces/medium.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { storeSg } from '../memory/sg-copy.ts';
import { makeTask } from '../sim/task.ts';
import {
  ATA_STATUS_OK,
  AtaCommand,
  AtaErrorBit,
  AtaStatusBit,
  buildD2H,
  buildNcqErrorLog,
  buildPioSetup,
  buildSetDeviceBits,
  FIS_BYTES,
  fisLba,
  isCommandFis,
  isControlFis,
  isSoftReset,
  NCQ_ERROR_LOG,
} from '../wire/ata.ts';
import { buildIdentify } from '../wire/ata-identify.ts';
import { buildNcqSendLog } from '../wire/ata-trim.ts';
import {
  AtaCommandParser,
  AtaSlot,
  type AtaTrim,
  AtaWork,
  NO_DATA,
  reject,
} from './ata-command.ts';
import { AtaWorker } from './ata-work.ts';
import { FixedLatency } from './fixed-latency.ts';

/** How an {@link AtaDisk} is made. */
export interface AtaDiskOptions {
  medium: Medium;
  /** Service times; none unless given. */
  latency?: LatencyProfile;
  /** Queued commands at once, 1 .. 32; 0 for a disk without queueing. 32 unless given. */
  queueDepth?: number;
  /** Does it honour FUA? Yes unless given. */
  fua?: boolean;
  /** Bytes of a physical sector; those of the medium's sector unless given. */
  physicalBytes?: number;
  /** Rotations per minute; 1 for a disk that does not rotate, which it is unless given. */
  rotationRate?: number;
  /** How it takes TRIM; queued unless given, plain when it does not queue. */
  trim?: AtaTrim;
  /** Fastest generation of the link that it knows, 1 .. 3; 3 unless given. */
  linkGeneration?: number;
  /** Up to 20 characters. */
  serial?: string;
  tracer?: Tracer | undefined;
  owner?: string;
}

/** A disk that answers frames. */
export class AtaDisk implements AtaDevice {
  readonly #executor: Executor;
  readonly #medium: Medium;
  readonly #worker: AtaWorker;
  readonly #latency: LatencyProfile;
  readonly #options: Required<Omit<AtaDiskOptions, 'medium' | 'latency' | 'tracer' | 'owner'>>;
  readonly #tracer: Tracer | undefined;
  readonly #slots: readonly AtaSlot[];
  readonly #parser: AtaCommandParser;
  readonly #page = new Uint8Array(512);
  readonly #frame = new Uint8Array(FIS_BYTES);
  readonly #shortFrame = this.#frame.subarray(0, 8);
  readonly #signatureTask: Task;
  #receive: (fis: Uint8Array) => void = () => {};
  #linkSpeed = 0;
  #isInSoftReset = false;
  #queuedInFlight = 0;
  #otherInFlight = 0;
  /** A queued command failed and its log was not read. */
  #isQueueStopped = false;
  #failedTag = -1;
  #failedError = 0;
  #failedStatus = 0;
  #failedLba = 0;

  /** @throws ConfigError when an option cannot be used */
  constructor(executor: Executor, options: AtaDiskOptions) {
    const { medium, queueDepth = ATA_SLOTS } = options;
    if (!Number.isInteger(queueDepth) || queueDepth < 0 || queueDepth > ATA_SLOTS) {
      throw new ConfigError('queueDepth', queueDepth, 'an integer from 0 to 32');
    }
    const owner = options.owner ?? 'ata-disk';
    this.#executor = executor;
    this.#medium = medium;
    this.#worker = new AtaWorker(medium);
    this.#latency = options.latency ?? new FixedLatency();
    this.#tracer = options.tracer;
    this.#options = {
      queueDepth,
      fua: options.fua ?? true,
      physicalBytes: options.physicalBytes ?? medium.sectorBytes,
      rotationRate: options.rotationRate ?? 1,
      trim: trimOf(options.trim ?? 'queued', queueDepth),
      linkGeneration: options.linkGeneration ?? 3,
      serial: options.serial ?? '0001',
    };
    this.#linkSpeed = this.#options.linkGeneration;
    const { fua, trim } = this.#options;
    this.#parser = new AtaCommandParser(medium, queueDepth, fua, trim);
    const run = (slot: AtaSlot): void => this.#perform(slot);
    this.#slots = Array.from({ length: ATA_SLOTS }, (_, tag) => new AtaSlot(tag, owner, run));
    this.#signatureTask = makeTask(owner, () => this.#sendSignature());
  }

  get linkSpeed(): number {
    return this.#linkSpeed;
  }

  connect(receive: (fis: Uint8Array) => void): void {
    this.#receive = receive;
  }

  issue(
    slotNumber: number,
    fis: Uint8Array,
    memory: GuestMemory,
    data: SgList,
    ioId: number,
  ): void {
    if (fis.length >= FIS_BYTES && isControlFis(fis)) {
      this.#control(isSoftReset(fis));
      return;
    }
    const slot = this.#slots[slotNumber];
    // A slot that is in use, and a frame that brings no command, mean nothing to a disk.
    if (
      slot === undefined ||
      slot.isBusy ||
      this.#isInSoftReset ||
      fis.length < FIS_BYTES ||
      !isCommandFis(fis)
    )
      return;
    slot.isBusy = true;
    slot.ioId = ioId;
    slot.memory = memory;
    slot.data = data;
    slot.error = 0;
    slot.lba = fisLba(fis);
    this.#tracer?.event(Layer.device, 'fis', ioId, fis[2]!, fisLba(fis));
    this.#parse(slot, fis);
    if (slot.isQueued) this.#queuedInFlight += 1;
    else this.#otherInFlight += 1;
    this.#executor.schedule(slot.timer, this.#executor.now + this.#serviceNs(slot));
  }

  comreset(speedLimit: number): void {
    const { linkGeneration } = this.#options;
    this.#linkSpeed = speedLimit === 0 ? linkGeneration : Math.min(speedLimit, linkGeneration);
    this.#isInSoftReset = false;
    this.#forget();
    this.#executor.post(this.#signatureTask);
  }

  /** A soft reset holds while SRST is set. Serial ATA 3.2, 11.4. */
  #control(softReset: boolean): void {
    if (softReset) {
      this.#forget();
      this.#executor.cancel(this.#signatureTask);
    } else if (this.#isInSoftReset) {
      this.#executor.post(this.#signatureTask);
    }
    this.#isInSoftReset = softReset;
  }

  #forget(): void {
    for (const slot of this.#slots) this.#drop(slot);
    this.#resumeQueue();
  }

  #drop(slot: AtaSlot): void {
    if (!slot.isBusy) return;
    this.#executor.cancel(slot.timer);
    this.#release(slot);
  }

  #release(slot: AtaSlot): void {
    if (slot.isQueued) this.#queuedInFlight -= 1;
    else this.#otherInFlight -= 1;
    slot.isBusy = false;
    slot.memory = undefined;
    slot.data = NO_DATA;
  }

  /** Signature of an ATA disk after a reset: count 1, LBA 1. ACS-3, table 206. */
  #sendSignature(): void {
    buildD2H(this.#frame, ATA_STATUS_OK, 1, 1);
    this.#frame[12] = 1;
    this.#receive(this.#frame);
  }

  #serviceNs(slot: AtaSlot): number {
    const now = this.#executor.now;
    if (slot.work === AtaWork.flush) return this.#latency.flushNs(now);
    if (slot.work !== AtaWork.read && slot.work !== AtaWork.write) return 0;
    const bytes = slot.count * this.#medium.sectorBytes;
    return this.#latency.accessNs(now, slot.work === AtaWork.write, slot.lba, bytes);
  }

  /** Decides what a command does, or how it fails; moves no sector. */
  #parse(slot: AtaSlot, fis: Uint8Array): void {
    const command = fis[2]!;
    const isQueued = this.#parser.isQueued(command);
    slot.isQueued = isQueued;
    if (!this.#isServed(slot, command, fis)) {
      // The refusal itself is not a queued command that failed: it comes as a register frame.
      slot.isQueued = false;
      reject(slot, AtaErrorBit.abort);
      return;
    }
    if (isQueued) {
      this.#parser.parseQueued(slot, fis, command);
    } else {
      this.#parser.parseOther(slot, fis, command);
    }
  }

  /** May this command come now? One that may not takes those in flight with it. Serial ATA 3.2, 13.6.3. */
  #isServed(slot: AtaSlot, command: number, fis: Uint8Array): boolean {
    if (this.#isQueueStopped) {
      return command === AtaCommand.readLogExt && fis[4] === NCQ_ERROR_LOG;
    }
    const conflicts = slot.isQueued
      ? this.#otherInFlight > 0
      : this.#otherInFlight + this.#queuedInFlight > 0;
    if (!conflicts) return true;
    for (const other of this.#slots) if (other !== slot) this.#drop(other);
    return false;
  }

  /** The time of a command is over: sectors move, then its frame goes out. */
  #perform(slot: AtaSlot): void {
    let status: number = ATA_STATUS_OK;
    let lba = slot.lba;
    switch (slot.work) {
      case AtaWork.read:
      case AtaWork.write:
      case AtaWork.flush:
      case AtaWork.trim:
        status = this.#worker.perform(slot);
        if (status !== ATA_STATUS_OK && this.#worker.badSector >= 0) lba = this.#worker.badSector;
        break;
      case AtaWork.identify:
        this.#identify();
        status = this.#sendPage(slot);
        break;
      case AtaWork.readLog:
        status = this.#readLog(slot);
        break;
      case AtaWork.fail:
        status |= AtaStatusBit.error;
        break;
    }
    this.#finish(slot, status, lba);
  }

  #readLog(slot: AtaSlot): number {
    // The log address is the lowest byte of the LBA field. ACS-3, 7.24.
    const isErrorLog = slot.lba % 256 === NCQ_ERROR_LOG;
    if (isErrorLog) this.#fillErrorLog();
    else buildNcqSendLog(this.#page);
    const status = this.#sendPage(slot);
    if (isErrorLog && status === ATA_STATUS_OK) this.#resumeQueue();
    return status;
  }

  #identify(): void {
    const { fua, physicalBytes, queueDepth, rotationRate, serial, trim } = this.#options;
    const { sectorBytes, sectorCount, writeCache } = this.#medium;
    const identity = {
      sectorCount: sectorCount,
      sectorBytes,
      physicalBytes,
      queueDepth,
      writeCache,
      fua,
      rotationRate,
      trim: trim !== 'none',
      sendFpdma: trim === 'queued',
    };
    buildIdentify(this.#page, identity, serial, '1', 'LIO-NVME SATA DISK');
  }

  #fillErrorLog(): void {
    // Bit 7 (NQ): no queued command failed.
    const tag = this.#failedTag < 0 ? 0x80 : this.#failedTag;
    buildNcqErrorLog(this.#page, tag, this.#failedStatus, this.#failedError, this.#failedLba);
  }

  #resumeQueue(): void {
    this.#isQueueStopped = false;
    this.#failedTag = -1;
  }

  #sendPage(slot: AtaSlot): number {
    if (storeSg(slot.memory!, slot.data, 0, this.#page, 0, this.#page.length)) {
      return ATA_STATUS_OK;
    }
    slot.error = AtaErrorBit.interfaceCrc | AtaErrorBit.abort;
    return ATA_STATUS_OK | AtaStatusBit.error;
  }

  #finish(slot: AtaSlot, status: number, lba: number): void {
    const { error, isQueued, tag, work } = slot;
    const isFailed = status !== ATA_STATUS_OK;
    this.#tracer?.event(Layer.device, 'status', slot.ioId, status, error);
    this.#release(slot);
    if (!isQueued) {
      if (!isFailed && (work === AtaWork.identify || work === AtaWork.readLog)) {
        buildPioSetup(this.#frame, this.#page.length);
      } else {
        buildD2H(this.#frame, status, error, lba);
      }
      this.#receive(this.#frame);
      return;
    }
    if (isFailed) this.#stopQueue(tag, status, error, lba);
    buildSetDeviceBits(this.#shortFrame, status, error, isFailed ? 0 : 1 << tag);
    this.#receive(this.#shortFrame);
  }

  #stopQueue(tag: number, status: number, error: number, lba: number): void {
    this.#isQueueStopped = true;
    this.#failedTag = tag;
    this.#failedStatus = status;
    this.#failedError = error;
    this.#failedLba = lba;
    for (const slot of this.#slots) this.#drop(slot);
  }
}

function trimOf(wanted: AtaTrim, queueDepth: number): AtaTrim {
  return wanted === 'queued' && queueDepth === 0 ? 'plain' : wanted;
}
