/** What a SCSI disk makes of a command that touches its medium: the range and the work, or the sense that it fails with. SBC-3, 5. */
import type { Task } from '../interfaces/executor.ts';
import type { Medium } from '../interfaces/medium.ts';
import type { ScsiTask } from '../interfaces/scsi-task.ts';
import { makeTask } from '../sim/task.ts';
import { Asc, buildSense, CdbRange, ScsiOp, ScsiStatus, SenseKey } from '../wire/scsi.ts';
import { WriteSameBit } from '../wire/scsi-provisioning.ts';
import type { ScsiIdentity } from './scsi-parameters.ts';

/** What a task in progress is going to do. */
export const ScsiWork = {
  none: 0,
  read: 1,
  write: 2,
  flush: 3,
  unmap: 4,
  writeSame: 5,
  modeSelect: 6,
} as const;
/** One of {@link ScsiWork}. */
export type ScsiWork = (typeof ScsiWork)[keyof typeof ScsiWork];

/** A task in progress. */
export class ScsiSlot {
  readonly id: number;
  task: ScsiTask | undefined = undefined;
  work: ScsiWork = ScsiWork.none;
  lba = 0;
  /** Blocks; of commands that bring a parameter list, its bytes. */
  blocks = 0;
  fua = false;
  /** WRITE SAME without data. */
  isZero = false;
  readonly timer: Task;

  constructor(id: number, owner: string, run: (slot: ScsiSlot) => void) {
    this.id = id;
    this.timer = makeTask(owner, () => run(this));
  }
}

/** Fills slots from CDBs; moves no block. */
export class ScsiCommandParser {
  readonly #medium: Medium;
  readonly #identity: ScsiIdentity;
  readonly #range = new CdbRange();

  constructor(medium: Medium, identity: ScsiIdentity) {
    this.#medium = medium;
    this.#identity = identity;
  }

  /** Does what a command of the medium asks for; false when it is none. */
  parse(slot: ScsiSlot, task: ScsiTask): boolean {
    const { cdb } = task;
    switch (cdb[0]) {
      case ScsiOp.read6:
      case ScsiOp.read10:
      case ScsiOp.read12:
      case ScsiOp.read16:
        this.#parseRange(slot, task, ScsiWork.read);
        return true;
      case ScsiOp.write6:
      case ScsiOp.write10:
      case ScsiOp.write12:
      case ScsiOp.write16:
        this.#parseRange(slot, task, ScsiWork.write);
        return true;
      case ScsiOp.synchronizeCache10:
      case ScsiOp.synchronizeCache16:
        this.#parseRange(slot, task, ScsiWork.flush);
        return true;
      case ScsiOp.writeSame10:
        this.#parseWriteSame(slot, task, this.#identity.provisioning.writeSame10);
        return true;
      case ScsiOp.writeSame16:
        this.#parseWriteSame(slot, task, this.#identity.provisioning.writeSame16);
        return true;
      case ScsiOp.unmap:
        this.#parseUnmap(slot, task);
        return true;
      case ScsiOp.modeSelect6:
        this.#parseModeSelect(slot, task, cdb[4]!);
        return true;
      case ScsiOp.modeSelect10:
        this.#parseModeSelect(slot, task, (cdb[7]! << 8) | cdb[8]!);
        return true;
      default:
        return false;
    }
  }

  #parseRange(slot: ScsiSlot, task: ScsiTask, work: ScsiWork): void {
    const range = this.#range;
    range.parse(task.cdb);
    const { lba, blocks } = range;
    const isFlush = work === ScsiWork.flush;
    if (!isFlush && (range.protect !== 0 || blocks > this.#identity.maxTransferBlocks)) {
      failIllegal(task, Asc.invalidFieldInCdb);
    } else if (lba + blocks > this.#medium.sectorCount) {
      failIllegal(task, Asc.lbaOutOfRange);
    } else if (!isFlush && blocks * this.#medium.sectorBytes > task.data.byteLength) {
      failTask(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    } else if (isFlush || blocks > 0) {
      this.#take(slot, work, lba, blocks);
      slot.fua = range.fua && this.#identity.fua;
    }
  }

  /** SBC-3, 5.41 and 5.42. */
  #parseWriteSame(slot: ScsiSlot, task: ScsiTask, canUnmap: boolean): void {
    const range = this.#range;
    const flags = task.cdb[1]!;
    const isLong = task.cdb[0] === ScsiOp.writeSame16;
    const isUnmap = (flags & WriteSameBit.unmap) !== 0;
    const isZero = isLong && (flags & WriteSameBit.noData) !== 0;
    const most = this.#identity.provisioning.maxWriteSameBlocks;
    range.parse(task.cdb);
    const { lba, blocks } = range;
    const isBadField =
      range.protect !== 0 ||
      (flags & WriteSameBit.anchor) !== 0 ||
      (isUnmap && !canUnmap) ||
      // The Block Limits page says so (WSNZ).
      blocks === 0 ||
      blocks > most;
    if (most === 0) {
      failIllegal(task, Asc.invalidOpcode);
    } else if (isBadField) {
      failIllegal(task, Asc.invalidFieldInCdb);
    } else if (lba + blocks > this.#medium.sectorCount) {
      failIllegal(task, Asc.lbaOutOfRange);
    } else if (!isZero && task.data.byteLength < this.#medium.sectorBytes) {
      failTask(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    } else {
      this.#take(slot, ScsiWork.writeSame, lba, blocks);
      slot.isZero = isZero;
    }
  }

  /** SBC-3, 5.28. */
  #parseUnmap(slot: ScsiSlot, task: ScsiTask): void {
    const { cdb } = task;
    const listBytes = (cdb[7]! << 8) | cdb[8]!;
    if (!this.#identity.provisioning.unmap) failIllegal(task, Asc.invalidOpcode);
    // ANCHOR is not offered.
    else if ((cdb[1]! & 1) !== 0) failIllegal(task, Asc.invalidFieldInCdb);
    else this.#takeList(slot, task, ScsiWork.unmap, listBytes);
  }

  /** SPC-4, 6.9 and 6.10: pages in the standard format (PF), not saved (SP). */
  #parseModeSelect(slot: ScsiSlot, task: ScsiTask, listBytes: number): void {
    if ((task.cdb[1]! & 0x11) !== 0x10) failIllegal(task, Asc.invalidFieldInCdb);
    else this.#takeList(slot, task, ScsiWork.modeSelect, listBytes);
  }

  #takeList(slot: ScsiSlot, task: ScsiTask, work: ScsiWork, listBytes: number): void {
    if (listBytes > task.data.byteLength) {
      failTask(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    } else if (listBytes > 0) {
      this.#take(slot, work, 0, listBytes);
    }
  }

  #take(slot: ScsiSlot, work: ScsiWork, lba: number, blocks: number): void {
    slot.work = work;
    slot.lba = lba;
    slot.blocks = blocks;
    slot.isZero = false;
  }
}

/** Ends a task with ILLEGAL REQUEST. */
export function failIllegal(task: ScsiTask, asc: Asc): void {
  failTask(task, SenseKey.illegalRequest, asc, -1);
}

/** Gives a task CHECK CONDITION; `lba` is the first block in error, or -1. */
export function failTask(task: ScsiTask, key: SenseKey, asc: Asc, lba: number): void {
  task.status = ScsiStatus.checkCondition;
  task.senseLength = buildSense(task.sense, key, asc, lba);
}
