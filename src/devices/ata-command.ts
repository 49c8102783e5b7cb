/** What a SATA disk makes of a command frame: its range, or the error bits that it fails with. ACS-3, 7. */
import { SgList } from '../base/sg-list.ts';
import type { Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { Medium } from '../interfaces/medium.ts';
import { makeTask } from '../sim/task.ts';
import {
  AtaCommand,
  AtaErrorBit,
  AtaFeature,
  fisCount,
  fisFeatures,
  fisLba,
  NCQ_ERROR_LOG,
} from '../wire/ata.ts';
import { isQueuedTrim, isTrim, NCQ_SEND_LOG, TRIM_LIST_BYTES } from '../wire/ata-trim.ts';

/** The list of a slot that is free. */
export const NO_DATA = new SgList(1);

/** What a command in progress is going to do. */
export const AtaWork = {
  read: 0,
  write: 1,
  flush: 2,
  identify: 3,
  readLog: 4,
  nothing: 5,
  trim: 7,
  /** Fails with the error bits that were found when it arrived. */
  fail: 6,
} as const;
/** One of {@link AtaWork}. */
export type AtaWork = (typeof AtaWork)[keyof typeof AtaWork];

/** A command slot of a port. */
export class AtaSlot {
  readonly tag: number;
  isBusy = false;
  isQueued = false;
  work: AtaWork = AtaWork.nothing;
  lba = 0;
  count = 0;
  fua = false;
  /** Error bits of a command that fails. */
  error = 0;
  ioId = 0;
  memory: GuestMemory | undefined = undefined;
  data: SgList = NO_DATA;
  readonly timer: Task;

  constructor(tag: number, owner: string, run: (slot: AtaSlot) => void) {
    this.tag = tag;
    this.timer = makeTask(owner, () => run(this));
  }
}

/** How a disk takes TRIM: not at all, alone, or among queued commands too. */
export type AtaTrim = 'none' | 'plain' | 'queued';

/** Fills slots from frames; moves no sector. */
export class AtaCommandParser {
  readonly #medium: Medium;
  readonly #queueDepth: number;
  readonly #fua: boolean;
  readonly #trim: AtaTrim;

  constructor(medium: Medium, queueDepth: number, fua: boolean, trim: AtaTrim) {
    this.#medium = medium;
    this.#queueDepth = queueDepth;
    this.#fua = fua;
    this.#trim = trim;
  }

  /** Is it a command that this disk queues? */
  isQueued(command: number): boolean {
    if (this.#queueDepth === 0) return false;
    if (command === AtaCommand.sendFpdmaQueued) return this.#trim === 'queued';
    return command === AtaCommand.readFpdmaQueued || command === AtaCommand.writeFpdmaQueued;
  }

  /** A READ, WRITE or SEND FPDMA QUEUED. ACS-3, 7.22, 7.47 and 7.61. */
  parseQueued(slot: AtaSlot, fis: Uint8Array, command: number): void {
    const tag = fis[12]! >>> 3;
    const isUsable = tag === slot.tag && tag < this.#queueDepth;
    // Without the LBA bit there is no such command. ACS-3, 7.22.
    if (!isUsable || (fis[7]! & 0x40) === 0) {
      reject(slot, AtaErrorBit.abort);
      return;
    }
    if (command === AtaCommand.sendFpdmaQueued) {
      this.#parseTrim(slot, isQueuedTrim(fis));
      return;
    }
    const count = fisFeatures(fis) === 0 ? 65_536 : fisFeatures(fis);
    const write = command === AtaCommand.writeFpdmaQueued;
    this.#parseRange(slot, write, fisLba(fis), count, (fis[7]! & 0x80) !== 0);
  }

  /** A command that is not queued. */
  parseOther(slot: AtaSlot, fis: Uint8Array, command: number): void {
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
        if (this.#fua) this.#parseRange(slot, true, fisLba(fis), count, true);
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
        slot.work = AtaWork.flush;
        break;
      case AtaCommand.identifyDevice:
        slot.work = AtaWork.identify;
        break;
      case AtaCommand.readLogExt:
        // One page of each log is all that there is.
        if (this.#hasLog(fis[4]!) && fisCount(fis) === 1 && fis[5] === 0) {
          slot.work = AtaWork.readLog;
        } else {
          reject(slot, AtaErrorBit.abort);
        }
        break;
      case AtaCommand.dataSetManagement:
        this.#parseTrim(slot, this.#trim !== 'none' && isTrim(fis));
        break;
      case AtaCommand.setFeatures:
        this.#setFeatures(slot, fis[3]!);
        break;
      default:
        reject(slot, AtaErrorBit.abort);
    }
  }

  #parseRange(slot: AtaSlot, write: boolean, lba: number, count: number, fua: boolean): void {
    if (lba + count > this.#medium.sectorCount) {
      reject(slot, AtaErrorBit.idNotFound);
    } else if (count * this.#medium.sectorBytes > slot.data.byteLength) {
      reject(slot, AtaErrorBit.interfaceCrc | AtaErrorBit.abort);
    } else {
      slot.work = write ? AtaWork.write : AtaWork.read;
      slot.lba = lba;
      slot.count = count;
      slot.fua = fua && this.#fua;
    }
  }

  #hasLog(address: number): boolean {
    return address === NCQ_ERROR_LOG || (address === NCQ_SEND_LOG && this.#trim === 'queued');
  }

  #parseTrim(slot: AtaSlot, isKnown: boolean): void {
    if (!isKnown) reject(slot, AtaErrorBit.abort);
    else if (slot.data.byteLength < TRIM_LIST_BYTES) {
      reject(slot, AtaErrorBit.interfaceCrc | AtaErrorBit.abort);
    } else slot.work = AtaWork.trim;
  }

  #setFeatures(slot: AtaSlot, feature: number): void {
    slot.work = AtaWork.nothing;
    if (feature === AtaFeature.enableWriteCache) this.#medium.writeCache = true;
    else if (feature === AtaFeature.disableWriteCache) this.#medium.writeCache = false;
    else if (feature !== AtaFeature.setTransferMode) reject(slot, AtaErrorBit.abort);
  }
}

/** The command fails with these error bits when its time is over. */
export function reject(slot: AtaSlot, error: number): void {
  slot.work = AtaWork.fail;
  slot.error = error;
}
