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
    for (let k = 0; k < total; k++) {
      const isOut = k < out.count;
      const list = isOut ? out : into;
      const i = isOut ? k : k - out.count;
      const write = isOut ? 0 : DESC_WRITE;
      words[4 * k] = list.lo[i]!;
      words[4 * k + 1] = list.hi[i]!;
      words[4 * k + 2] = list.lengths[i]!;
      // The last entry of a linked table has a `next` too, one past the end, and no NEXT.
      words[4 * k + 3] = isChained
        ? ((k + 1) << 16) | write | (k < total - 1 ? DESC_NEXT : 0)
        : write << 16;
    }
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
