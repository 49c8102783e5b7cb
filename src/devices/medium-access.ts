/** A read or write of a medium that finds out which sector failed. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { type Medium, MediumStatus } from '../interfaces/medium.ts';

/** Accesses to one medium; its result stands until the next one. */
export class MediumAccess {
  /** How the last access went. */
  status: MediumStatus = MediumStatus.ok;
  /** First sector that failed, when it was a sector; sectors before it were transferred. */
  badSector = -1;
  readonly #medium: Medium;

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  /** Reads sectors into the beginning of `data`. */
  read(sector: number, count: number, memory: GuestMemory, data: SgList): MediumStatus {
    this.status = this.#medium.read(sector, count, memory, data, 0);
    this.badSector = -1;
    if (this.status === MediumStatus.readError) this.#readOneByOne(sector, count, memory, data);
    return this.status;
  }

  /** Writes sectors from the beginning of `data`. */
  write(
    sector: number,
    count: number,
    fua: boolean,
    memory: GuestMemory,
    data: SgList,
  ): MediumStatus {
    this.status = this.#medium.write(sector, count, fua, memory, data, 0);
    this.badSector = -1;
    if (this.status === MediumStatus.writeError) {
      this.#writeOneByOne(sector, count, fua, memory, data);
    }
    return this.status;
  }

  #readOneByOne(sector: number, count: number, memory: GuestMemory, data: SgList): void {
    for (let i = 0; i < count; i++) {
      const at = i * this.#medium.sectorBytes;
      if (this.#medium.read(sector + i, 1, memory, data, at) === MediumStatus.ok) continue;
      this.badSector = sector + i;
      return;
    }
  }

  #writeOneByOne(
    sector: number,
    count: number,
    fua: boolean,
    memory: GuestMemory,
    data: SgList,
  ): void {
    for (let i = 0; i < count; i++) {
      const at = i * this.#medium.sectorBytes;
      if (this.#medium.write(sector + i, 1, fua, memory, data, at) === MediumStatus.ok) continue;
      this.badSector = sector + i;
      return;
    }
  }
}
