/** Physical region pages: from segments to the two entries of a command and lists in guest memory. NVMe Base 2.0, 4.1.1. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { SqeWord } from '../wire/nvme-entries.ts';

/** Writes PRPs for pages of one size. */
export class PrpWriter {
  readonly #memory: GuestMemory;
  readonly #pageBytes: number;
  /** Entries after PRP1, two words each. */
  readonly #entries: Int32Array;
  readonly #link = new Int32Array(2);
  readonly #maxEntries: number;

  /** @param maxEntries most pages of one command beside its first */
  constructor(memory: GuestMemory, pageBytes: number, maxEntries: number) {
    this.#memory = memory;
    this.#pageBytes = pageBytes;
    this.#maxEntries = maxEntries;
    this.#entries = new Int32Array(2 * maxEntries);
  }

  /** Bytes of lists that a command of `entries` pages beside its first can need: less than a page, or whole pages. */
  static listBytes(entries: number, pageBytes: number): number {
    const perPage = pageBytes / 8;
    if (entries > perPage) return Math.ceil((entries - 1) / (perPage - 1)) * pageBytes;
    // A power of two, so that lists that share a page never cross its end.
    let bytes = 64;
    while (bytes < entries * 8) bytes *= 2;
    return bytes;
  }

  /**
   * Fills the data pointer of `sqe` for all bytes of `sg`, with lists from `list` on.
   *
   * False, and nothing to undo, when PRPs cannot say it: a first address that is no multiple of 4, a gap (a segment that ends or
   * starts inside a page with another one beside it), or more pages than were planned for.
   */
  write(sg: SgList, sqe: Int32Array, list: number): boolean {
    const pageBytes = this.#pageBytes;
    const lo = sg.lo[0]!;
    const hi = sg.hi[0]!;
    const inPage = pageBytes - (lo & (pageBytes - 1));
    if ((lo & 3) !== 0) return false;
    sqe[SqeWord.prp1Lo] = lo;
    sqe[SqeWord.prp1Hi] = hi;
    sqe[SqeWord.prp2Lo] = 0;
    sqe[SqeWord.prp2Hi] = 0;
    if (sg.count === 1 && sg.lengths[0]! <= inPage) return true;
    const count = this.#collect(sg, inPage);
    if (count < 0) return false;
    if (count <= 1) {
      if (count === 0) return true;
      sqe[SqeWord.prp2Lo] = this.#entries[0]!;
      sqe[SqeWord.prp2Hi] = this.#entries[1]!;
      return true;
    }
    sqe[SqeWord.prp2Lo] = list | 0;
    sqe[SqeWord.prp2Hi] = Math.floor(list / 0x1_0000_0000);
    return this.#writeLists(list, count);
  }

  /** Gathers the pages after the first one; their number, or -1 for what PRPs cannot say. */
  #collect(sg: SgList, inPage: number): number {
    const pageBytes = this.#pageBytes;
    const entries = this.#entries;
    const last = sg.count - 1;
    let count = 0;
    for (let i = 0; i <= last; i++) {
      const lo = sg.lo[i]!;
      const hi = sg.hi[i]!;
      const length = sg.lengths[i]!;
      if (i > 0 && (lo & (pageBytes - 1)) !== 0) return -1;
      if (i < last && ((lo + length) & (pageBytes - 1)) !== 0) return -1;
      for (let at = i === 0 ? inPage : 0; at < length; at += pageBytes) {
        if (count === this.#maxEntries) return -1;
        const low = lo + at;
        entries[2 * count] = low;
        entries[2 * count + 1] = low > 0xffff_ffff ? hi + 1 : hi;
        count += 1;
      }
    }
    return count;
  }

  #writeLists(list: number, count: number): boolean {
    const perPage = this.#pageBytes / 8;
    let at = list;
    for (let done = 0; ; at += this.#pageBytes) {
      const left = count - done;
      const take = left > perPage ? perPage - 1 : left;
      if (!this.#memory.storeWords(at, this.#entries, 2 * done, 2 * take)) return false;
      done += take;
      if (done === count) return true;
      const next = at + this.#pageBytes;
      this.#link[0] = next | 0;
      this.#link[1] = Math.floor(next / 0x1_0000_0000);
      if (!this.#memory.storeWords(next - 8, this.#link, 0, 2)) return false;
    }
  }
}
