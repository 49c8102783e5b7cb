/** Pages of a memory range, handed out first-fit: for drivers that need memory of their own. */
import { assert, ConfigError } from '../base/assert.ts';
import { PAGE_BYTES } from './region-memory.ts';

/** Hands out runs of 4-KiB pages of one address range. */
export class PageAllocator {
  /** First address of the range. */
  readonly base: number;
  /** Size of the range in bytes. */
  readonly size: number;
  readonly #taken: Uint8Array;
  #freePages: number;

  /** @throws ConfigError when base or size is not a multiple of 4096 */
  constructor(base: number, size: number) {
    if (base % PAGE_BYTES !== 0) throw new ConfigError('base', base, 'a multiple of 4096');
    if (size % PAGE_BYTES !== 0) throw new ConfigError('size', size, 'a multiple of 4096');
    this.base = base;
    this.size = size;
    this.#taken = new Uint8Array(size / PAGE_BYTES);
    this.#freePages = this.#taken.length;
  }

  /** Pages that are free. */
  get freePages(): number {
    return this.#freePages;
  }

  /** Takes `pages` adjacent pages at a multiple of `alignPages` pages; their address, or -1 when there is no such run. */
  take(pages: number, alignPages = 1): number {
    assert(pages >= 1 && alignPages >= 1, 'at least one page');
    const first = this.base / PAGE_BYTES;
    let start = (alignPages - (first % alignPages)) % alignPages;
    while (start + pages <= this.#taken.length) {
      const used = this.#taken.subarray(start, start + pages).lastIndexOf(1);
      if (used < 0) {
        this.#taken.fill(1, start, start + pages);
        this.#freePages -= pages;
        return this.base + start * PAGE_BYTES;
      }
      start += Math.ceil((used + 1) / alignPages) * alignPages;
    }
    return -1;
  }

  /** Gives back pages that `take` handed out. */
  give(gpa: number, pages: number): void {
    const start = (gpa - this.base) / PAGE_BYTES;
    const run = this.#taken.subarray(start, start + pages);
    assert(run.length === pages && run.every((taken) => taken === 1), 'pages that were taken');
    run.fill(0);
    this.#freePages += pages;
  }
}
