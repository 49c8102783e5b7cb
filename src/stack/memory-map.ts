/** Where everything lies: guest RAM, then the VMM's own memory, then the host kernel's. */
import { PageAllocator } from '../memory/page-allocator.ts';
import { RegionMemory } from '../memory/region-memory.ts';

/** The first MiB of guest RAM is left to firmware, as on a PC; nothing of ours lies at address 0. */
const LOW_MEMORY_BYTES = 1 << 20;
/** Of guest RAM above that, this share is the NVMe driver's own (queues, lists); the rest is for data. */
const DRIVER_SHARE = 4;

/** The memories of one world and who may take pages where. */
export interface MemoryMap {
  /** What the guest and its devices see. */
  readonly guest: RegionMemory;
  /** Guest RAM and the VMM's memory: what vhost is given. */
  readonly vmm: RegionMemory;
  /** All of it, at the same addresses. */
  readonly host: RegionMemory;
  /** Pages for the guest's NVMe driver. */
  readonly guestDriverPages: PageAllocator;
  /** Pages for the guest's data. */
  readonly guestBuffers: PageAllocator;
  /** Pages for rings and frames. */
  readonly vmmPages: PageAllocator;
  /** Pages for drivers of the host kernel. */
  readonly hostPages: PageAllocator;
}

/**
 * Lays out a world with `guestBytes` of guest RAM (more than 1 MiB), `vmmBytes` for the rings of a road and `hostBytes` for
 * drivers of the host kernel: multiples of 4096, and never less than a page.
 */
export function makeMemoryMap(guestBytes: number, vmmBytes: number, hostBytes: number): MemoryMap {
  const guest = new RegionMemory([{ base: 0, size: guestBytes }]);
  const vmm = new RegionMemory([...guest.regions, { base: guestBytes, size: vmmBytes }]);
  const hostBase = guestBytes + vmmBytes;
  const host = new RegionMemory([...vmm.regions, { base: hostBase, size: hostBytes }]);
  const free = guestBytes - LOW_MEMORY_BYTES;
  const driverBytes = Math.ceil(free / DRIVER_SHARE / 4096) * 4096;
  return {
    guest,
    vmm,
    host,
    guestDriverPages: new PageAllocator(LOW_MEMORY_BYTES, driverBytes),
    guestBuffers: new PageAllocator(LOW_MEMORY_BYTES + driverBytes, free - driverBytes),
    vmmPages: new PageAllocator(guestBytes, vmmBytes),
    hostPages: new PageAllocator(hostBase, hostBytes),
  };
}
