/** Scatter gather lists: one data block in the command itself, or a last segment in guest memory. NVMe Base 2.0, 4.1.2. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { Psdt, SGL_DESCRIPTOR_BYTES, SglType } from '../wire/nvme-sgl.ts';

const WORDS = SGL_DESCRIPTOR_BYTES / 4;
const TYPE_SHIFT = 28;

/** Writes SGLs. */
export class SglWriter {
  readonly #memory: GuestMemory;
  readonly #maxSegments: number;
  readonly #maxBytes: number;
  readonly #alignMask: number;
  readonly #words: Int32Array;

  /**
   * @param maxSegments most data blocks of one command
   * @param maxBytes most bytes of one command
   * @param dwordOnly addresses and lengths must be multiples of four
   */
  constructor(memory: GuestMemory, maxSegments: number, maxBytes: number, dwordOnly: boolean) {
    this.#memory = memory;
    this.#maxSegments = maxSegments;
    this.#maxBytes = maxBytes;
    this.#alignMask = dwordOnly ? 3 : 0;
    this.#words = new Int32Array(maxSegments * WORDS);
  }

  /** Fills the data pointer of `sqe` for all bytes of `sg`. PSDT of command dword 0, or -1 when there is too much of it. */
  write(sg: SgList, sqe: Int32Array, list: number): number {
    const { count } = sg;
    if (count > this.#maxSegments || sg.byteLength > this.#maxBytes) return -1;
    const words = this.#words;
    for (let i = 0; i < count; i++) {
      const lo = sg.lo[i]!;
      const length = sg.lengths[i]!;
      if (((lo | length) & this.#alignMask) !== 0) return -1;
      words[WORDS * i] = lo;
      words[WORDS * i + 1] = sg.hi[i]!;
      words[WORDS * i + 2] = length;
      words[WORDS * i + 3] = SglType.dataBlock << TYPE_SHIFT;
    }
    if (count === 1) {
      for (let i = 0; i < WORDS; i++) sqe[SqeWord.prp1Lo + i] = words[i]!;
      return Psdt.sgl;
    }
    if (!this.#memory.storeWords(list, words, 0, WORDS * count)) return -1;
    sqe[SqeWord.prp1Lo] = list | 0;
    sqe[SqeWord.prp1Hi] = Math.floor(list / 0x1_0000_0000);
    sqe[SqeWord.prp2Lo] = SGL_DESCRIPTOR_BYTES * count;
    sqe[SqeWord.prp2Hi] = SglType.lastSegment << TYPE_SHIFT;
    return Psdt.sgl;
  }
}
