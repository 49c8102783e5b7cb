/** Physical region pages: from two entries of a command, and lists in guest memory, to segments. NVMe Base 2.0, 4.1.1. */
import { addressOf, type SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';

/** List entries that are copied at once. */
const CHUNK_ENTRIES = 512;

/** Reads the PRPs of one controller. A list is copied piece by piece into private scratch before it is looked at. */
export class PrpReader {
  readonly #memory: GuestMemory;
  readonly #chunk = new Int32Array(2 * CHUNK_ENTRIES);

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /**
   * Adds the segments of `length` bytes to `sg`, one for each page, and returns a status.
   *
   * Invalid PRP Offset: PRP1 or a list is not aligned to its unit, or a later entry is not at the start of a page.
   * Data Transfer Error: a list is in no memory. Whether the data pages are mapped is for whoever moves the bytes to find.
   *
   * @param pageBytes the memory page size, a power of two
   */
  map(sqe: Int32Array, length: number, pageBytes: number, sg: SgList): number {
    const lo = sqe[SqeWord.prp1Lo]! >>> 0;
    const offset = lo & (pageBytes - 1);
    if ((lo & 3) !== 0) return NvmeStatus.invalidPrpOffset;
    const first = pageBytes - offset;
    const hi = sqe[SqeWord.prp1Hi]! >>> 0;
    if (length <= first) {
      if (length > 0) sg.push(lo, hi, length);
      return NvmeStatus.success;
    }
    sg.push(lo, hi, first);
    const rest = length - first;
    const lo2 = sqe[SqeWord.prp2Lo]! >>> 0;
    const hi2 = sqe[SqeWord.prp2Hi]! >>> 0;
    if (rest > pageBytes) return this.#mapList(lo2, hi2, rest, pageBytes, sg);
    if ((lo2 & (pageBytes - 1)) !== 0) return NvmeStatus.invalidPrpOffset;
    sg.push(lo2, hi2, rest);
    return NvmeStatus.success;
  }

  #mapList(lo: number, hi: number, length: number, pageBytes: number, sg: SgList): number {
    if ((lo & 7) !== 0) return NvmeStatus.invalidPrpOffset;
    let list = addressOf(lo, hi);
    let entries = (pageBytes - (lo & (pageBytes - 1))) >>> 3;
    let left = length;
    for (;;) {
      const pages = Math.ceil(left / pageBytes);
      // When the list does not reach the end of the data, its last entry points to the next list.
      const chained = pages > entries;
      const data = chained ? entries - 1 : pages;
      const status = this.#readList(list, data, left, pageBytes, sg);
      if (status !== NvmeStatus.success || !chained) return status;
      left -= data * pageBytes;
      if (!this.#memory.loadWords(list + 8 * data, this.#chunk, 0, 2)) {
        return NvmeStatus.dataTransferError;
      }
      const next = this.#chunk[0]! >>> 0;
      if ((next & (pageBytes - 1)) !== 0) return NvmeStatus.invalidPrpOffset;
      list = addressOf(next, this.#chunk[1]! >>> 0);
      entries = pageBytes >>> 3;
    }
  }

  #readList(list: number, count: number, length: number, pageBytes: number, sg: SgList): number {
    const chunk = this.#chunk;
    let left = length;
    for (let done = 0; done < count; done += CHUNK_ENTRIES) {
      const take = Math.min(CHUNK_ENTRIES, count - done);
      if (!this.#memory.loadWords(list + 8 * done, chunk, 0, 2 * take)) {
        return NvmeStatus.dataTransferError;
      }
      for (let i = 0; i < take; i++) {
        const lo = chunk[2 * i]! >>> 0;
        if ((lo & (pageBytes - 1)) !== 0) return NvmeStatus.invalidPrpOffset;
        if (!sg.push(lo, chunk[2 * i + 1]! >>> 0, Math.min(left, pageBytes))) {
          return NvmeStatus.internalError;
        }
        left -= pageBytes;
      }
    }
    return NvmeStatus.success;
  }
}
