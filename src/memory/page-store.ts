/**
 * A sparse store of bytes in pages of 4 KiB, and the one place where bulk data moves between a store and guest memory.
 *
 * Whole pages move by cached views and aligned pieces by words, so that no view is made per transfer.
 */
import { assert } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { PAGE_BYTES } from './region-memory.ts';
import { sgIsMapped } from './sg-copy.ts';

/** Pages come into being in slabs of this many, each with one buffer. */
const SLAB_PAGES = 64;
const SLAB_SHIFT = 6;
/** The position inside its page of any integer below 2^53. */
const IN_PAGE = PAGE_BYTES - 1;

/** Zero-filled bytes `0 .. sizeBytes - 1`; a page takes memory from its first write on. */
export class PageStore {
  /** Size in bytes. */
  readonly sizeBytes: number;
  readonly #bytes: (Uint8Array | undefined)[];
  /** The words of a slab by its number: few views, which stay in the cache, where one for each page would not. */
  readonly #slabWords: (Int32Array | undefined)[];
  /** The same as bytes: what whole pages are written to. */
  readonly #slabBytes: (Uint8Array | undefined)[];

  constructor(sizeBytes: number) {
    assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, 'PageStore size is an integer >= 0');
    const pages = Math.ceil(sizeBytes / PAGE_BYTES);
    this.sizeBytes = sizeBytes;
    this.#bytes = new Array<Uint8Array | undefined>(pages).fill(undefined);
    const slabs = Math.ceil(pages / SLAB_PAGES);
    this.#slabWords = new Array<Int32Array | undefined>(slabs).fill(undefined);
    this.#slabBytes = new Array<Uint8Array | undefined>(slabs).fill(undefined);
  }

  /**
   * Store to memory: `length` bytes from `offset`, to byte `sgOffset` of `sg`.
   *
   * False when a segment is unmapped (checked before any byte moves). The range lies inside the store and the list.
   */
  readTo(
    offset: number,
    memory: GuestMemory,
    sg: SgList,
    sgOffset: number,
    length: number,
  ): boolean {
    return this.#transfer(offset, memory, sg, sgOffset, length, false);
  }

  /** Memory to store, otherwise as {@link PageStore.readTo}. */
  writeFrom(
    offset: number,
    memory: GuestMemory,
    sg: SgList,
    sgOffset: number,
    length: number,
  ): boolean {
    return this.#transfer(offset, memory, sg, sgOffset, length, true);
  }

  /** Makes a range read as zeroes. */
  zero(offset: number, length: number): void {
    this.#checkRange(offset, length);
    for (let done = 0; done < length; ) {
      const at = (offset + done) % PAGE_BYTES;
      const take = Math.min(length - done, PAGE_BYTES - at);
      this.#bytes[Math.floor((offset + done) / PAGE_BYTES)]?.fill(0, at, at + take);
      done += take;
    }
  }

  /** Store to `into[at ..]`. */
  load(offset: number, into: Uint8Array, at: number, length: number): void {
    this.#checkRange(offset, length);
    for (let done = 0; done < length; ) {
      const inPage = (offset + done) % PAGE_BYTES;
      const take = Math.min(length - done, PAGE_BYTES - inPage);
      const page = this.#bytes[Math.floor((offset + done) / PAGE_BYTES)];
      if (page === undefined) into.fill(0, at + done, at + done + take);
      else into.set(page.subarray(inPage, inPage + take), at + done);
      done += take;
    }
  }

  /** `from[at ..]` to the store. */
  store(offset: number, from: Uint8Array, at: number, length: number): void {
    this.#checkRange(offset, length);
    for (let done = 0; done < length; ) {
      const inPage = (offset + done) % PAGE_BYTES;
      const take = Math.min(length - done, PAGE_BYTES - inPage);
      const page = this.#pageToWrite(Math.floor((offset + done) / PAGE_BYTES));
      page.set(from.subarray(at + done, at + done + take), inPage);
      done += take;
    }
  }

  #transfer(
    offset: number,
    memory: GuestMemory,
    sg: SgList,
    sgOffset: number,
    length: number,
    toStore: boolean,
  ): boolean {
    this.#checkRange(offset, length);
    assert(sgOffset + length <= sg.byteLength, 'the list is as long as the transfer');
    if (!sgIsMapped(memory, sg)) return false;
    let skip = sgOffset;
    let left = length;
    let at = offset;
    for (let i = 0; left > 0; i++) {
      const have = sg.lengths[i]!;
      if (skip >= have) {
        skip -= have;
        continue;
      }
      let gpa = sg.gpa(i) + skip;
      let inSegment = have - skip;
      if (inSegment > left) inSegment = left;
      left -= inSegment;
      skip = 0;
      while (inSegment > 0) {
        const take = this.#movePiece(at, memory, gpa, inSegment, toStore);
        at += take;
        gpa += take;
        inSegment -= take;
      }
    }
    return true;
  }

  /** Moves up to `most` bytes, as many as lie in one page of the store; returns how many. */
  #movePiece(at: number, memory: GuestMemory, gpa: number, most: number, toStore: boolean): number {
    const inPage = at & IN_PAGE;
    const index = (at - inPage) / PAGE_BYTES;
    const take = Math.min(most, PAGE_BYTES - inPage);
    const page = toStore ? this.#pageToWrite(index) : this.#bytes[index];
    if (page === undefined) {
      memory.fill(gpa, 0, take);
    } else if (take === PAGE_BYTES && (gpa & IN_PAGE) === 0) {
      this.#moveWholePage(page, index, memory, gpa, toStore);
    } else if (((gpa | inPage | take) & 3) === 0) {
      this.#moveWords(index, inPage >>> 2, memory, gpa, take >>> 2, toStore);
    } else if (toStore) {
      memory.load(gpa, page, inPage, take);
    } else {
      memory.store(gpa, page, inPage, take);
    }
    return take;
  }

  #moveWholePage(
    page: Uint8Array,
    index: number,
    memory: GuestMemory,
    gpa: number,
    toStore: boolean,
  ): void {
    const other = toStore ? memory.pageForRead(gpa) : memory.pageForWrite(gpa);
    if (other !== undefined) {
      // The view of a page is seldom in the cache: a write does without it.
      if (toStore) this.#slabBytes[index >>> SLAB_SHIFT]!.set(other, inSlab(index));
      else other.set(page);
    } else {
      this.#moveWords(index, 0, memory, gpa, PAGE_BYTES >>> 2, toStore);
    }
  }

  /** Moves words of page `index`, which is there. */
  #moveWords(
    index: number,
    at: number,
    memory: GuestMemory,
    gpa: number,
    count: number,
    toStore: boolean,
  ): void {
    const words = this.#slabWords[index >>> SLAB_SHIFT]!;
    const first = (inSlab(index) >>> 2) + at;
    if (toStore) memory.loadWords(gpa, words, first, count);
    else memory.storeWords(gpa, words, first, count);
  }

  #pageToWrite(index: number): Uint8Array {
    return this.#bytes[index] ?? this.#makePage(index);
  }

  #makePage(index: number): Uint8Array {
    const slab = index >>> SLAB_SHIFT;
    const words = this.#slabWords[slab] ?? new Int32Array((SLAB_PAGES * PAGE_BYTES) >>> 2);
    this.#slabWords[slab] = words;
    this.#slabBytes[slab] ??= new Uint8Array(words.buffer);
    const page = new Uint8Array(words.buffer, inSlab(index), PAGE_BYTES);
    this.#bytes[index] = page;
    return page;
  }

  #checkRange(offset: number, length: number): void {
    assert(
      offset >= 0 && length >= 0 && offset + length <= this.sizeBytes,
      'range inside the store',
    );
  }
}

/** Where a page starts in its slab, in bytes. */
function inSlab(index: number): number {
  return (index & (SLAB_PAGES - 1)) * PAGE_BYTES;
}
