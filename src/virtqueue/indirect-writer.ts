/** Writes the indirect tables of a driver side. VIRTIO 1.3, 2.7.5.3 and 2.8.7. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';
import type { IndirectTables } from './indirect-tables.ts';
import { DESC_NEXT, DESC_WORDS, DESC_WRITE } from './ring-layout.ts';

/** One for each queue. */
export class IndirectWriter {
  readonly #memory: GuestMemory;
  readonly #tables: IndirectTables;
  #scratch = new Int32Array(16 * DESC_WORDS);

  constructor(memory: GuestMemory, tables: IndirectTables) {
    this.#memory = memory;
    this.#tables = tables;
  }

  /**
   * Writes the table of chain `id` and returns its address, or -1 when there is no room for it.
   *
   * @param isChained entries are linked by NEXT (split); otherwise they follow each other (packed)
   */
  write(id: number, out: SgList, into: SgList, isChained: boolean): number {
    const total = out.count + into.count;
    const gpa = this.#tables.take(id, total);
    if (gpa < 0) return -1;
    const words = this.#scratchOf(total);
    putEntries(words, 0, out, 0, isChained);
    putEntries(words, out.count, into, DESC_WRITE, isChained);
    // The last entry of a linked table has a `next` too, one past the end, and no NEXT.
    if (isChained) words[total * DESC_WORDS - 1]! &= ~DESC_NEXT;
    return this.#memory.storeWords(gpa, words, 0, total * DESC_WORDS) ? gpa : -1;
  }

  /** Points the descriptor at position `at` to a table of `count` entries; `last` is its fourth word, which is written last. */
  point(desc: RingMemory, at: number, gpa: number, count: number, last: number): void {
    desc.set32(at, gpa >>> 0);
    desc.set32(at + 4, gpa <= 0xffff_ffff ? 0 : Math.floor(gpa / 0x1_0000_0000));
    desc.set32(at + 8, count << 4);
    desc.set32(at + 12, last);
  }

  /** The device is done with the table of chain `id`. */
  give(id: number): void {
    this.#tables.give(id);
  }

  #scratchOf(total: number): Int32Array {
    if (this.#scratch.length < total * DESC_WORDS) {
      this.#scratch = new Int32Array(2 * total * DESC_WORDS);
    }
    return this.#scratch;
  }
}

/** The entries of a list, from entry `first` on. */
function putEntries(
  into: Int32Array,
  first: number,
  list: SgList,
  flags: number,
  isChained: boolean,
): void {
  for (let i = 0; i < list.count; i++) {
    const at = (first + i) << 2;
    into[at] = list.lo[i]!;
    into[at + 1] = list.hi[i]!;
    into[at + 2] = list.lengths[i]!;
    into[at + 3] = isChained ? ((first + i + 1) << 16) | flags | DESC_NEXT : flags << 16;
  }
}
