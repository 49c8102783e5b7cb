/** What a disk keeps its sectors on. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { Prng } from './prng.ts';

/** How an access to the medium went. */
export const MediumStatus = {
  ok: 0,
  readError: 1,
  writeError: 2,
  noSpace: 3,
  /** The memory that was named is not mapped. */
  memoryFault: 4,
} as const;
/** One of {@link MediumStatus}. */
export type MediumStatus = (typeof MediumStatus)[keyof typeof MediumStatus];

/**
 * Sectors behind a volatile write cache. Synchronous: a device model adds the time that an access takes.
 *
 * Ranges lie inside the medium (the device has checked). With the cache on, a write is visible to reads at once and durable after
 * `flush`, or at once with `fua`; with the cache off every write is durable at once.
 */
export interface Medium {
  /** Bytes of one sector: 512 to 4096, a power of two. */
  readonly sectorBytes: number;
  readonly sectorCount: number;
  /** Is the volatile write cache on? */
  writeCache: boolean;
  /** Sectors to memory, from byte `sgOffset` of `data`. */
  read(
    sector: number,
    count: number,
    memory: GuestMemory,
    data: SgList,
    sgOffset: number,
  ): MediumStatus;
  /** Memory to sectors, from byte `sgOffset` of `data`. */
  write(
    sector: number,
    count: number,
    fua: boolean,
    memory: GuestMemory,
    data: SgList,
    sgOffset: number,
  ): MediumStatus;
  /** Makes the sectors read as zeroes (deallocates them); as durable as a write. */
  zero(sector: number, count: number, fua: boolean): MediumStatus;
  /** Makes all that was written durable. */
  flush(): MediumStatus;
  /** Power fails: any subset of what was not durable is lost, as `prng` decides. Reads then show what is left. */
  powerCut(prng: Prng): void;
}
