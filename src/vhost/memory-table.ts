/** The memory table of VHOST_SET_MEM_TABLE: which guest addresses exist, and where they lie in the VMM's memory. */
import { UNMAPPED_ADDRESS } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { VhostErrno, type VhostMemoryRegion } from '../interfaces/vhost.ts';
import { RegionMemory, type RegionSpec } from '../memory/region-memory.ts';
import { TableMemory } from './table-memory.ts';

/** Most regions of a table. */
export const MAX_TABLE_REGIONS = 64;

/** 0 when the table can be used over `shared`, otherwise why not. */
export function checkMemTable(
  shared: GuestMemory,
  regions: readonly VhostMemoryRegion[],
): VhostErrno {
  if (regions.length > MAX_TABLE_REGIONS) return VhostErrno.tooBig;
  const sorted = [...regions].sort((a, b) => a.guestAddress - b.guestAddress);
  let end = 0;
  for (const { guestAddress, size, userAddress } of sorted) {
    if (!isRange(guestAddress, size) || !isRange(userAddress, size)) return VhostErrno.invalid;
    if (guestAddress < end) return VhostErrno.invalid;
    if (!shared.isMapped(userAddress, size)) return VhostErrno.fault;
    end = guestAddress + size;
  }
  return VhostErrno.ok;
}

/**
 * Guest memory as the table shows it: what the table does not name is unmapped.
 *
 * When `shared` has stable bytes the result has them too, and a translated access costs no more than any other.
 *
 * @param regions a table that `checkMemTable` accepts, of one region and more
 */
export function tableMemory(
  shared: GuestMemory,
  regions: readonly VhostMemoryRegion[],
): GuestMemory {
  const specs: RegionSpec[] = [];
  for (const { guestAddress, size, userAddress } of regions) {
    const bytes = shared.view(userAddress, size);
    const isAligned = guestAddress % 4 === 0 && size % 4 === 0 && userAddress % 4 === 0;
    if (bytes === undefined || !isAligned) return new TableMemory(shared, regions);
    specs.push({ base: guestAddress, bytes });
  }
  return new RegionMemory(specs);
}

function isRange(base: number, size: number): boolean {
  if (!Number.isSafeInteger(base) || !Number.isSafeInteger(size)) return false;
  return base >= 0 && size > 0 && base + size <= UNMAPPED_ADDRESS;
}
