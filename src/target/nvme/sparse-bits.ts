/** A large set of small numbers as bits in pages, of which only those with a bit set take memory. */

/** Bits of one page. */
const PAGE_BITS = 32_768;
const PAGE_BYTES = PAGE_BITS / 8;

/** Numbers from 0 on; ranges are set, cleared and asked about. */
export class SparseBits {
  readonly #pages: (Uint8Array | undefined)[] = [];
  readonly #counts: number[] = [];
  #total = 0;

  /** How many numbers are in the set. */
  get total(): number {
    return this.#total;
  }

  /** Empties the set. */
  clear(): void {
    this.#pages.length = 0;
    this.#counts.length = 0;
    this.#total = 0;
  }

  /** Puts `count` numbers from `at` on into the set. */
  add(at: number, count: number): void {
    this.#each(at, count, true);
  }

  /** Takes `count` numbers from `at` on out of the set. */
  remove(at: number, count: number): void {
    if (this.#total > 0) this.#each(at, count, false);
  }

  /** Is `at` in the set? */
  has(at: number): boolean {
    const page = this.#pages[Math.floor(at / PAGE_BITS)];
    const bit = at % PAGE_BITS;
    return page !== undefined && ((page[bit >>> 3]! >>> (bit & 7)) & 1) !== 0;
  }

  /** Is any of `count` numbers from `at` on in the set? */
  hasAny(at: number, count: number): boolean {
    return this.#total > 0 && this.#countsIn(at, count, 1) > 0;
  }

  /** Are all of `count` numbers from `at` on in the set? */
  hasAll(at: number, count: number): boolean {
    return this.#countsIn(at, count, count) >= count;
  }

  /** Counts the members in a range, up to about `enough`. */
  #countsIn(at: number, count: number, enough: number): number {
    let found = 0;
    for (let done = 0; done < count && found < enough; ) {
      const index = Math.floor((at + done) / PAGE_BITS);
      const bit = (at + done) % PAGE_BITS;
      const take = Math.min(count - done, PAGE_BITS - bit);
      const page = this.#pages[index];
      if (page !== undefined) {
        found += take === PAGE_BITS ? this.#counts[index]! : countBits(page, bit, take);
      } else if (enough === count) {
        return 0;
      }
      done += take;
    }
    return found;
  }

  #each(at: number, count: number, value: boolean): void {
    for (let done = 0; done < count; ) {
      const index = Math.floor((at + done) / PAGE_BITS);
      const bit = (at + done) % PAGE_BITS;
      const take = Math.min(count - done, PAGE_BITS - bit);
      this.#inPage(index, bit, take, value);
      done += take;
    }
  }

  #inPage(index: number, bit: number, take: number, value: boolean): void {
    let page = this.#pages[index];
    if (page === undefined) {
      if (!value) return;
      page = new Uint8Array(PAGE_BYTES);
      this.#pages[index] = page;
      this.#counts[index] = 0;
    }
    const before = this.#counts[index]!;
    let after: number;
    if (take === PAGE_BITS) {
      page.fill(value ? 255 : 0);
      after = value ? PAGE_BITS : 0;
    } else {
      after = before + changeBits(page, bit, take, value);
    }
    this.#total += after - before;
    this.#counts[index] = after;
    if (after === 0) this.#pages[index] = undefined;
  }
}

/** The bits of byte `index` that lie in the range of `take` bits from `bit` on. */
function maskOf(index: number, bit: number, take: number): number {
  const low = Math.max(bit - 8 * index, 0);
  const high = Math.min(bit + take - 8 * index, 8);
  return ((1 << high) - 1) & ~((1 << low) - 1);
}

function bitsOf(byte: number): number {
  const pairs = byte - ((byte >>> 1) & 0x55);
  const nibbles = (pairs & 0x33) + ((pairs >>> 2) & 0x33);
  return (nibbles + (nibbles >>> 4)) & 15;
}

function countBits(page: Uint8Array, bit: number, take: number): number {
  let found = 0;
  for (let i = bit >>> 3; 8 * i < bit + take; i++) found += bitsOf(page[i]! & maskOf(i, bit, take));
  return found;
}

/** Sets or clears a range; returns by how much the number of set bits grew. */
function changeBits(page: Uint8Array, bit: number, take: number, value: boolean): number {
  let grew = 0;
  for (let i = bit >>> 3; 8 * i < bit + take; i++) {
    const mask = maskOf(i, bit, take);
    const old = page[i]!;
    const now = value ? old | mask : old & ~mask;
    grew += bitsOf(now) - bitsOf(old);
    page[i] = now;
  }
  return grew;
}
