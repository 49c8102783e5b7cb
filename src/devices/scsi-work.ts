/** What a SCSI disk does to its medium when the time of a task is over. SBC-3, 5; SPC-4, 6.9. */
import { type Medium, MediumStatus } from '../interfaces/medium.ts';
import type { ScsiTask } from '../interfaces/scsi-task.ts';
import { loadSg } from '../memory/sg-copy.ts';
import { Asc, SenseKey } from '../wire/scsi.ts';
import {
  UNMAP_DESCRIPTOR_BYTES,
  unmapBlocks,
  unmapHeader,
  unmapLba,
} from '../wire/scsi-provisioning.ts';
import { MediumAccess } from './medium-access.ts';
import { failIllegal, failTask, type ScsiSlot, ScsiWork } from './scsi-command.ts';
import { MAX_UNMAP_DESCRIPTORS, type ScsiParameters } from './scsi-parameters.ts';

/** Does what slots hold; the outcome is in the status and sense of their tasks. */
export class ScsiWorker {
  readonly #medium: Medium;
  readonly #access: MediumAccess;
  readonly #parameters: ScsiParameters;
  readonly #bytes: Uint8Array;

  constructor(medium: Medium, parameters: ScsiParameters) {
    this.#medium = medium;
    this.#access = new MediumAccess(medium);
    this.#parameters = parameters;
    const listBytes = unmapHeader.byteLength + MAX_UNMAP_DESCRIPTORS * UNMAP_DESCRIPTOR_BYTES;
    this.#bytes = new Uint8Array(Math.max(listBytes, medium.sectorBytes));
  }

  /** Moves, flushes, unmaps; a task without work stays as it is. */
  perform(slot: ScsiSlot, task: ScsiTask): void {
    switch (slot.work) {
      case ScsiWork.read:
      case ScsiWork.write:
        this.#move(slot, task);
        break;
      case ScsiWork.flush:
        this.#settle(task, this.#medium.flush(), -1);
        break;
      case ScsiWork.writeSame:
        this.#writeSame(slot, task);
        break;
      case ScsiWork.unmap:
        this.#unmap(slot, task);
        break;
      case ScsiWork.modeSelect:
        this.#modeSelect(slot, task);
        break;
    }
  }

  #move(slot: ScsiSlot, task: ScsiTask): void {
    const access = this.#access;
    const { lba, blocks } = slot;
    const status =
      slot.work === ScsiWork.read
        ? access.read(lba, blocks, task.memory, task.data)
        : access.write(lba, blocks, slot.fua, task.memory, task.data);
    if (status === MediumStatus.ok) task.residualBytes -= blocks * this.#medium.sectorBytes;
    else this.#settle(task, status, access.badSector);
  }

  #settle(task: ScsiTask, status: MediumStatus, lba: number): void {
    switch (status) {
      case MediumStatus.ok:
        break;
      case MediumStatus.readError:
        failTask(task, SenseKey.mediumError, Asc.unrecoveredReadError, lba);
        break;
      case MediumStatus.writeError:
        failTask(task, SenseKey.mediumError, Asc.writeError, lba);
        break;
      case MediumStatus.noSpace:
        failTask(task, SenseKey.dataProtect, Asc.spaceAllocationFailed, -1);
        break;
      default:
        failTask(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    }
  }

  #writeSame(slot: ScsiSlot, task: ScsiTask): void {
    const { sectorBytes } = this.#medium;
    const { lba, blocks } = slot;
    if (!slot.isZero) {
      if (!this.#load(task, sectorBytes)) return;
      task.residualBytes -= sectorBytes;
    }
    if (slot.isZero || isZero(this.#bytes, sectorBytes)) {
      this.#settle(task, this.#medium.zero(lba, blocks, false), -1);
      return;
    }
    for (let i = 0; i < blocks; i++) {
      const status = this.#medium.write(lba + i, 1, false, task.memory, task.data, 0);
      if (status === MediumStatus.ok) continue;
      this.#settle(task, status, lba + i);
      return;
    }
  }

  /** All descriptors are checked before the first block is let go. SBC-3, 5.28. */
  #unmap(slot: ScsiSlot, task: ScsiTask): void {
    const bytes = this.#bytes;
    const length = Math.min(slot.blocks, bytes.length);
    if (length < unmapHeader.byteLength) {
      failIllegal(task, Asc.parameterListLength);
      return;
    }
    if (!this.#load(task, length)) return;
    const named = Math.min((bytes[2]! << 8) | bytes[3]!, slot.blocks - unmapHeader.byteLength);
    const count = Math.floor(named / UNMAP_DESCRIPTOR_BYTES);
    const asc = this.#checkUnmap(count);
    if (asc !== Asc.none) {
      failIllegal(task, asc);
      return;
    }
    task.residualBytes -= slot.blocks;
    for (let i = 0; i < count; i++) {
      const at = unmapHeader.byteLength + i * UNMAP_DESCRIPTOR_BYTES;
      const blocks = unmapBlocks(bytes, at);
      if (blocks === 0) continue;
      const status = this.#medium.zero(unmapLba(bytes, at), blocks, false);
      if (status === MediumStatus.ok) continue;
      this.#settle(task, status, -1);
      return;
    }
  }

  #checkUnmap(count: number): Asc {
    const { maxUnmapBlocks } = this.#parameters.identity.provisioning;
    if (count > MAX_UNMAP_DESCRIPTORS) return Asc.invalidFieldInParameterList;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const at = unmapHeader.byteLength + i * UNMAP_DESCRIPTOR_BYTES;
      const blocks = unmapBlocks(this.#bytes, at);
      total += blocks;
      if (unmapLba(this.#bytes, at) + blocks > this.#medium.sectorCount) return Asc.lbaOutOfRange;
    }
    return total > maxUnmapBlocks ? Asc.invalidFieldInParameterList : Asc.none;
  }

  #modeSelect(slot: ScsiSlot, task: ScsiTask): void {
    const length = Math.min(slot.blocks, this.#bytes.length);
    if (!this.#load(task, length)) return;
    const asc = this.#parameters.modeSelect(task.cdb, this.#bytes.subarray(0, length));
    if (asc === Asc.none) task.residualBytes -= length;
    else failIllegal(task, asc);
  }

  #load(task: ScsiTask, length: number): boolean {
    if (loadSg(task.memory, task.data, 0, this.#bytes, 0, length)) return true;
    failTask(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    return false;
  }
}

function isZero(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[i] !== 0) return false;
  return true;
}
