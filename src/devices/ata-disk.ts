/**
 * A SATA disk at the end of a link, one frame at a time. ACS-3, Serial ATA 3.2.
 *
 * A command is checked when its frame arrives, takes the time that its profile gives, and moves its data when that time is over. Queued commands
 * end by Set Device Bits in any order; one that fails stops the queue: the others are gone, and nothing but READ LOG EXT of the NCQ error
 * log (or a reset) is served until that log was read (Serial ATA 3.2, 13.6.3).
 *
 * Does not model: the frame that releases a queued command, data frames (the memory of the slot is moved as one), PIO reads and writes,
 * security, SMART, power modes, TRIM.
 */
import { ConfigError } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import { ATA_SLOTS, type AtaDevice } from '../interfaces/ata-device.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import { type Medium, MediumStatus } from '../interfaces/medium.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { storeSg } from '../memory/sg-copy.ts';
import { makeTask } from '../sim/task.ts';
import {
  ATA_STATUS_OK,
  AtaCommand,
  AtaErrorBit,
  AtaFeature,
  AtaStatusBit,
  buildD2H,
  buildIdentify,
  buildNcqErrorLog,
  buildPioSetup,
  buildSetDeviceBits,
  FIS_BYTES,
  fisCount,
  fisFeatures,
  fisLba,
  isCommandFis,
  NCQ_ERROR_LOG,
} from '../wire/ata.ts';
import { FixedLatency } from './fixed-latency.ts';
import { MediumAccess } from './medium-access.ts';

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
  /** Up to 20 characters. */
  serial?: string;
  tracer?: Tracer | undefined;
  owner?: string;
}

/** What a command in progress is going to do. */
const Work = {
  read: 0,
  write: 1,
  flush: 2,
  identify: 3,
  readLog: 4,
  nothing: 5,
  /** Fails with the error bits that were found when it arrived. */
  fail: 6,
} as const;
type Work = (typeof Work)[keyof typeof Work];

class Slot {
  readonly tag: number;
  isBusy = false;
  isQueued = false;
  work: Work = Work.nothing;
  lba = 0;
  count = 0;
  fua = false;
  /** Error bits of a command that fails. */
  error = 0;
  ioId = 0;
  memory: GuestMemory | undefined = undefined;
  data: SgList = NO_DATA;
  readonly timer: Task;

  constructor(tag: number, owner: string, run: (slot: Slot) => void) {
    this.tag = tag;
    this.timer = makeTask(owner, () => run(this));
  }
}

const NO_DATA = new SgList(1);
const MAX_LBA = 2 ** 48 - 1;

/** A disk that answers frames. */
export class AtaDisk implements AtaDevice {
  readonly #executor: Executor;
  readonly #medium: Medium;
  readonly #access: MediumAccess;
  readonly #latency: LatencyProfile;
  readonly #options: Required<Omit<AtaDiskOptions, 'medium' | 'latency' | 'tracer' | 'owner'>>;
  readonly #tracer: Tracer | undefined;
  readonly #slots: readonly Slot[];
  readonly #page = new Uint8Array(512);
  readonly #frame = new Uint8Array(FIS_BYTES);
  readonly #shortFrame = this.#frame.subarray(0, 8);
  readonly #signatureTask: Task;
  #receive: (fis: Uint8Array) => void = () => {};
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
    this.#access = new MediumAccess(medium);
    this.#latency = options.latency ?? new FixedLatency();
    this.#tracer = options.tracer;
    this.#options = {
      queueDepth,
      fua: options.fua ?? true,
      physicalBytes: options.physicalBytes ?? medium.sectorBytes,
      rotationRate: options.rotationRate ?? 1,
      serial: options.serial ?? '0001',
    };
    const run = (slot: Slot): void => this.#perform(slot);
    this.#slots = Array.from({ length: ATA_SLOTS }, (_, tag) => new Slot(tag, owner, run));
    this.#signatureTask = makeTask(owner, () => this.#sendSignature());
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
    const slot = this.#slots[slotNumber];
    // A slot that is in use, and a frame that brings no command, mean nothing to a disk.
    if (slot === undefined || slot.isBusy || fis.length < FIS_BYTES || !isCommandFis(fis)) return;
    slot.isBusy = true;
    slot.ioId = ioId;
    slot.memory = memory;
    slot.data = data;
    slot.error = 0;
    this.#tracer?.event(Layer.device, 'fis', ioId, fis[2]!, fisLba(fis));
    this.#parse(slot, fis);
    if (slot.isQueued) this.#queuedInFlight += 1;
    else this.#otherInFlight += 1;
    this.#executor.schedule(slot.timer, this.#executor.now + this.#serviceNs(slot));
  }

  comreset(): void {
    for (const slot of this.#slots) this.#drop(slot);
    this.#isQueueStopped = false;
    this.#failedTag = -1;
    this.#executor.post(this.#signatureTask);
  }

  #drop(slot: Slot): void {
    if (!slot.isBusy) return;
    this.#executor.cancel(slot.timer);
    this.#release(slot);
  }

  #release(slot: Slot): void {
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

  #serviceNs(slot: Slot): number {
    const now = this.#executor.now;
    if (slot.work === Work.flush) return this.#latency.flushNs(now);
    if (slot.work !== Work.read && slot.work !== Work.write) return 0;
    const bytes = slot.count * this.#medium.sectorBytes;
    return this.#latency.accessNs(now, slot.work === Work.write, slot.lba, bytes);
  }

  /** Decides what a command does, or how it fails; moves no sector. */
  #parse(slot: Slot, fis: Uint8Array): void {
    const command = fis[2]!;
    const isQueued =
      command === AtaCommand.readFpdmaQueued || command === AtaCommand.writeFpdmaQueued;
    slot.isQueued = isQueued;
    if (!this.#isServed(slot, command, fis)) {
      reject(slot, AtaErrorBit.abort);
      return;
    }
    if (isQueued) this.#parseQueued(slot, fis, command === AtaCommand.writeFpdmaQueued);
    else this.#parseOther(slot, fis, command);
  }

  /** May this command come now? One that may not takes those in flight with it. Serial ATA 3.2, 13.6.3. */
  #isServed(slot: Slot, command: number, fis: Uint8Array): boolean {
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

  #parseQueued(slot: Slot, fis: Uint8Array, write: boolean): void {
    const tag = fis[12]! >>> 3;
    const isUsable = tag === slot.tag && tag < this.#options.queueDepth;
    // Without the LBA bit there is no such command. ACS-3, 7.22.
    if (!isUsable || (fis[7]! & 0x40) === 0) {
      reject(slot, AtaErrorBit.abort);
      return;
    }
    const count = fisFeatures(fis) === 0 ? 65_536 : fisFeatures(fis);
    this.#parseRange(slot, write, fisLba(fis), count, (fis[7]! & 0x80) !== 0);
  }

  #parseOther(slot: Slot, fis: Uint8Array, command: number): void {
    const count = fisCount(fis) === 0 ? 65_536 : fisCount(fis);
    const shortCount = fis[12] === 0 ? 256 : fis[12]!;
    const shortLba = (fisLba(fis) % 0x100_0000) + (fis[7]! & 0x0f) * 0x100_0000;
    switch (command) {
      case AtaCommand.readDmaExt:
        this.#parseRange(slot, false, fisLba(fis), count, false);
        break;
      case AtaCommand.writeDmaExt:
        this.#parseRange(slot, true, fisLba(fis), count, false);
        break;
      case AtaCommand.writeDmaFuaExt:
        if (this.#options.fua) this.#parseRange(slot, true, fisLba(fis), count, true);
        else reject(slot, AtaErrorBit.abort);
        break;
      case AtaCommand.readDma:
        this.#parseRange(slot, false, shortLba, shortCount, false);
        break;
      case AtaCommand.writeDma:
        this.#parseRange(slot, true, shortLba, shortCount, false);
        break;
      case AtaCommand.flushCache:
      case AtaCommand.flushCacheExt:
      case AtaCommand.standbyImmediate:
        slot.work = Work.flush;
        break;
      case AtaCommand.identifyDevice:
        slot.work = Work.identify;
        break;
      case AtaCommand.readLogExt:
        // One page of the NCQ error log is all that there is.
        if (fis[4] === NCQ_ERROR_LOG && fisCount(fis) === 1 && fis[5] === 0) {
          slot.work = Work.readLog;
        } else {
          reject(slot, AtaErrorBit.abort);
        }
        break;
      case AtaCommand.setFeatures:
        this.#setFeatures(slot, fis[3]!);
        break;
      default:
        reject(slot, AtaErrorBit.abort);
    }
  }

  #parseRange(slot: Slot, write: boolean, lba: number, count: number, fua: boolean): void {
    if (lba > MAX_LBA || lba + count > this.#medium.sectorCount) {
      reject(slot, AtaErrorBit.idNotFound);
    } else if (count * this.#medium.sectorBytes > slot.data.byteLength) {
      reject(slot, AtaErrorBit.interfaceCrc | AtaErrorBit.abort);
    } else {
      slot.work = write ? Work.write : Work.read;
      slot.lba = lba;
      slot.count = count;
      slot.fua = fua && this.#options.fua;
    }
  }

  #setFeatures(slot: Slot, feature: number): void {
    slot.work = Work.nothing;
    if (feature === AtaFeature.enableWriteCache) this.#medium.writeCache = true;
    else if (feature === AtaFeature.disableWriteCache) this.#medium.writeCache = false;
    else if (feature !== AtaFeature.setTransferMode) reject(slot, AtaErrorBit.abort);
  }

  /** The time of a command is over: sectors move, then its frame goes out. */
  #perform(slot: Slot): void {
    let status: number = ATA_STATUS_OK;
    let lba = slot.lba;
    switch (slot.work) {
      case Work.read:
      case Work.write:
        status = this.#move(slot);
        if (status !== ATA_STATUS_OK && this.#access.badSector >= 0) lba = this.#access.badSector;
        break;
      case Work.flush:
        if (this.#medium.flush() !== MediumStatus.ok) status |= AtaStatusBit.deviceFault;
        break;
      case Work.identify:
        this.#identify();
        status = this.#sendPage(slot);
        break;
      case Work.readLog:
        this.#fillErrorLog();
        status = this.#sendPage(slot);
        break;
      case Work.fail:
        status |= AtaStatusBit.error;
        break;
    }
    this.#finish(slot, status, lba);
  }

  #move(slot: Slot): number {
    const { lba, count } = slot;
    const memory = slot.memory!;
    const result =
      slot.work === Work.read
        ? this.#access.read(lba, count, memory, slot.data)
        : this.#access.write(lba, count, slot.fua, memory, slot.data);
    switch (result) {
      case MediumStatus.ok:
        return ATA_STATUS_OK;
      case MediumStatus.readError:
        slot.error = AtaErrorBit.uncorrectable;
        return ATA_STATUS_OK | AtaStatusBit.error;
      case MediumStatus.memoryFault:
        slot.error = AtaErrorBit.interfaceCrc | AtaErrorBit.abort;
        return ATA_STATUS_OK | AtaStatusBit.error;
      default:
        return ATA_STATUS_OK | AtaStatusBit.deviceFault;
    }
  }

  #identify(): void {
    const { fua, physicalBytes, queueDepth, rotationRate, serial } = this.#options;
    const { sectorBytes, sectorCount, writeCache } = this.#medium;
    const identity = {
      sectorCount: Math.min(sectorCount, MAX_LBA),
      sectorBytes,
      physicalBytes,
      queueDepth,
      writeCache,
      fua,
      rotationRate,
    };
    buildIdentify(this.#page, identity, serial, '1', 'LIO-NVME SATA DISK');
  }

  #fillErrorLog(): void {
    // Bit 7 (NQ): no queued command failed.
    const tag = this.#failedTag < 0 ? 0x80 : this.#failedTag;
    buildNcqErrorLog(this.#page, tag, this.#failedStatus, this.#failedError, this.#failedLba);
    this.#isQueueStopped = false;
    this.#failedTag = -1;
  }

  #sendPage(slot: Slot): number {
    if (storeSg(slot.memory!, slot.data, 0, this.#page, 0, this.#page.length)) {
      return ATA_STATUS_OK;
    }
    slot.error = AtaErrorBit.interfaceCrc | AtaErrorBit.abort;
    return ATA_STATUS_OK | AtaStatusBit.error;
  }

  #finish(slot: Slot, status: number, lba: number): void {
    const { error, isQueued, tag, work } = slot;
    const isFailed = status !== ATA_STATUS_OK;
    this.#tracer?.event(Layer.device, 'status', slot.ioId, status, error);
    this.#release(slot);
    if (!isQueued) {
      if (!isFailed && (work === Work.identify || work === Work.readLog)) {
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

function reject(slot: Slot, error: number): void {
  slot.work = Work.fail;
  slot.error = error;
}
