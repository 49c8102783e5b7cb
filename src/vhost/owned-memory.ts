/** What every vhost device begins with: an owner, and the memory that it may touch. */
import { assert } from '../base/assert.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { VhostErrno, type VhostMemoryRegion } from '../interfaces/vhost.ts';
import { checkMemTable, tableMemory } from './memory-table.ts';

/** VHOST_SET_OWNER and VHOST_SET_MEM_TABLE of one device. */
export class OwnedMemory {
  readonly #shared: GuestMemory;
  #isOwned = false;
  #memory: GuestMemory | undefined = undefined;

  /** @param shared the memory of the VMM that will own the device */
  constructor(shared: GuestMemory) {
    this.#shared = shared;
  }

  /** Has the device an owner? */
  get isOwned(): boolean {
    return this.#isOwned;
  }

  /** Is a memory table of one region and more set? */
  get isSet(): boolean {
    return this.#memory !== undefined;
  }

  /** Guest memory through the table, which is set. */
  get memory(): GuestMemory {
    assert(this.#memory !== undefined, 'the memory table is set');
    return this.#memory;
  }

  /** Takes the device; -EBUSY when it is taken. */
  setOwner(): VhostErrno {
    if (this.#isOwned) return VhostErrno.busy;
    this.#isOwned = true;
    return VhostErrno.ok;
  }

  /** Sets the table, or refuses one that cannot be used. */
  setMemTable(regions: readonly VhostMemoryRegion[]): VhostErrno {
    const fault = checkMemTable(this.#shared, regions);
    if (fault !== VhostErrno.ok) return fault;
    this.#memory = regions.length === 0 ? undefined : tableMemory(this.#shared, regions);
    return VhostErrno.ok;
  }
}
