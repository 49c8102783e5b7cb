/** What a SATA disk does to its medium when the time of a command is over. ACS-3, 7. */
import { type Medium, MediumStatus } from '../interfaces/medium.ts';
import { loadSg } from '../memory/sg-copy.ts';
import { ATA_STATUS_OK, AtaErrorBit, AtaStatusBit } from '../wire/ata.ts';
import { TRIM_LIST_BYTES, trimCount, trimLba } from '../wire/ata-trim.ts';
import { type AtaSlot, AtaWork } from './ata-command.ts';
import { MediumAccess } from './medium-access.ts';

/** Does what slots hold; the outcome is a status field, and error bits in the slot. */
export class AtaWorker {
  readonly #medium: Medium;
  readonly #access: MediumAccess;
  readonly #list = new Uint8Array(TRIM_LIST_BYTES);

  constructor(medium: Medium) {
    this.#medium = medium;
    this.#access = new MediumAccess(medium);
  }

  /** First sector that failed in the last transfer, or -1. */
  get badSector(): number {
    return this.#access.badSector;
  }

  /** Moves, flushes, trims. */
  perform(slot: AtaSlot): number {
    if (slot.work === AtaWork.flush) {
      const isOk = this.#medium.flush() === MediumStatus.ok;
      return isOk ? ATA_STATUS_OK : ATA_STATUS_OK | AtaStatusBit.deviceFault;
    }
    return slot.work === AtaWork.trim ? this.#trim(slot) : this.#move(slot);
  }

  #move(slot: AtaSlot): number {
    const { lba, count } = slot;
    const memory = slot.memory!;
    const result =
      slot.work === AtaWork.read
        ? this.#access.read(lba, count, memory, slot.data)
        : this.#access.write(lba, count, slot.fua, memory, slot.data);
    switch (result) {
      case MediumStatus.ok:
        return ATA_STATUS_OK;
      case MediumStatus.readError:
        return fail(slot, AtaErrorBit.uncorrectable);
      case MediumStatus.memoryFault:
        return fail(slot, AtaErrorBit.interfaceCrc | AtaErrorBit.abort);
      default:
        return ATA_STATUS_OK | AtaStatusBit.deviceFault;
    }
  }

  /** All ranges are checked before the first sector is let go. ACS-3, 7.5. */
  #trim(slot: AtaSlot): number {
    const list = this.#list;
    if (!loadSg(slot.memory!, slot.data, 0, list, 0, TRIM_LIST_BYTES)) {
      return fail(slot, AtaErrorBit.interfaceCrc | AtaErrorBit.abort);
    }
    for (let at = 0; at < TRIM_LIST_BYTES; at += 8) {
      const count = trimCount(list, at);
      if (count > 0 && trimLba(list, at) + count > this.#medium.sectorCount) {
        return fail(slot, AtaErrorBit.idNotFound);
      }
    }
    for (let at = 0; at < TRIM_LIST_BYTES; at += 8) {
      const count = trimCount(list, at);
      if (count === 0) continue;
      if (this.#medium.zero(trimLba(list, at), count, false) !== MediumStatus.ok) {
        return ATA_STATUS_OK | AtaStatusBit.deviceFault;
      }
    }
    return ATA_STATUS_OK;
  }
}

function fail(slot: AtaSlot, error: number): number {
  slot.error = error;
  return ATA_STATUS_OK | AtaStatusBit.error;
}
