/** Physical region pages: how a command names its data. NVMe Base 2.0, 4.1.1. */
import { type SgList, UNMAPPED_ADDRESS } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { SqeWord } from '../wire/nvme-entries.ts';

const PAGE_BYTES = 4096;
const ENTRY_WORDS = 2;
/** Entries of one list page; the last one of a full page points to the next page. */
const PAGE_ENTRIES = PAGE_BYTES / 8;

/** List pages that a transfer of `bytes` may need, whatever its offset in the first page. */
export function listPagesFor(bytes: number): number {
  const entries = Math.ceil(bytes / PAGE_BYTES);
  return entries <= 1 ? 0 : Math.ceil(entries / (PAGE_ENTRIES - 1));
}

/**
 * Can PRPs name these segments? The first may start at any multiple of 4 in its page; each but the last ends on a page border,
 * and each but the first starts on one.
 */
export function isPrpShaped(data: SgList): boolean {
  for (let i = 0; i < data.count; i++) {
    const gpa = data.gpa(i);
    if (gpa >= UNMAPPED_ADDRESS || gpa % (i === 0 ? 4 : PAGE_BYTES) !== 0) return false;
    if (i < data.count - 1 && (gpa + data.lengths[i]!) % PAGE_BYTES !== 0) return false;
  }
  return true;
}

/** Builds PRP1, PRP2 and lists; its scratch is reused from one command to the next. */
export class PrpBuilder {
  readonly #memory: GuestMemory;
  readonly #words = new Int32Array(PAGE_ENTRIES * ENTRY_WORDS);

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /**
   * Writes the data pointers of a transfer into `sqe`. A list goes to the pages from `listGpa` on, adjacent and as many as
   * {@link listPagesFor} says.
   */
  build(sqe: Int32Array, data: SgList, listGpa: number): void {
    const first = data.gpa(0);
    putAddress(sqe, SqeWord.prp1Lo, first);
    sqe[SqeWord.prp2Lo] = 0;
    sqe[SqeWord.prp2Hi] = 0;
    const inFirst = PAGE_BYTES - (first % PAGE_BYTES);
    const pages = Math.ceil((data.byteLength - inFirst) / PAGE_BYTES);
    if (pages <= 0) return;
    if (pages === 1) {
      const inSegment = data.lengths[0]! > inFirst;
      putAddress(sqe, SqeWord.prp2Lo, inSegment ? first + inFirst : data.gpa(1));
      return;
    }
    putAddress(sqe, SqeWord.prp2Lo, listGpa);
    this.#writeList(data, inFirst, pages, listGpa);
  }

  #writeList(data: SgList, skip: number, pages: number, listGpa: number): void {
    let left = pages;
    let at = 0;
    let list = listGpa;
    let offset = skip;
    for (let i = 0; i < data.count && left > 0; i++) {
      const length = data.lengths[i]!;
      for (; offset < length && left > 0; offset += PAGE_BYTES) {
        if (at === PAGE_ENTRIES - 1 && left > 1) {
          putAddress(this.#words, at * ENTRY_WORDS, list + PAGE_BYTES);
          this.#memory.storeWords(list, this.#words, 0, PAGE_ENTRIES * ENTRY_WORDS);
          list += PAGE_BYTES;
          at = 0;
        }
        putAddress(this.#words, at * ENTRY_WORDS, data.gpa(i) + offset);
        at += 1;
        left -= 1;
      }
      // Inner segments end on page borders, so what is left of the skip is whole pages, or nothing.
      offset = Math.max(0, offset - length);
    }
    this.#memory.storeWords(list, this.#words, 0, at * ENTRY_WORDS);
  }
}

function putAddress(words: Int32Array, at: number, gpa: number): void {
  words[at] = gpa;
  words[at + 1] = gpa <= 0xffff_ffff ? 0 : Math.floor(gpa / 0x1_0000_0000);
}
