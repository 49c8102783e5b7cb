/** Guest memory made of regions with holes between them. Little-endian, on typed arrays. */
import { assert, ConfigError } from '../base/assert.ts';
import { UNMAPPED_ADDRESS } from '../base/sg-list.ts';
import { type GuestMemory, UNMAPPED } from '../interfaces/guest-memory.ts';

/** Bytes of a page, the unit of cached views. */
export const PAGE_BYTES = 4096;

/** A region to map: fresh zeroes of `size` bytes, or bytes that somebody else owns too. Base and size are multiples of 4. */
export type RegionSpec =
  | { readonly base: number; readonly size: number }
  | { readonly base: number; readonly bytes: Uint8Array };

/** One mapped region. */
export class MemoryRegion {
  /** First address. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
  /** First address after it. */
  readonly end: number;
  /** Its bytes; they may be shared with other memories. */
  readonly bytes: Uint8Array;
  /** The same bytes as 32-bit words. */
  readonly words: Int32Array;
  /** The same bytes as 16-bit words. */
  readonly halves: Uint16Array;
  readonly #pages: (Uint8Array | undefined)[];

  constructor(base: number, bytes: Uint8Array) {
    this.base = base;
    this.size = bytes.length;
    this.end = base + bytes.length;
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
    this.#pages = new Array<Uint8Array | undefined>(bytes.length >>> 12).fill(undefined);
  }

  /** The cached view of the page that starts at byte `at`, or `undefined` past the last whole page. */
  page(at: number): Uint8Array | undefined {
    const index = at >>> 12;
    if (index >= this.#pages.length) return undefined;
    return this.#pages[index] ?? this.#makePage(index);
  }

  #makePage(index: number): Uint8Array {
    const from = index << 12;
    const page = this.bytes.subarray(from, from + PAGE_BYTES);
    this.#pages[index] = page;
    return page;
  }
}

/** {@link GuestMemory} over a sorted list of regions, with the last region that was hit kept at hand. */
export class RegionMemory implements GuestMemory {
  /** The regions, by ascending address. */
  readonly regions: readonly MemoryRegion[];
  #last: MemoryRegion;

  /**
   * @throws ConfigError when there is no region, two overlap, or a base or size is unusable
   */
  constructor(specs: readonly (RegionSpec | MemoryRegion)[]) {
    const regions = specs.map(makeRegion).sort((a, b) => a.base - b.base);
    if (regions.length === 0)
      throw new ConfigError('regions', 'an empty list', 'at least one region');
    for (let i = 1; i < regions.length; i++) {
      if (regions[i]!.base < regions[i - 1]!.end) {
        throw new ConfigError(
          `regions[${i}].base`,
          regions[i]!.base,
          'regions that do not overlap',
        );
      }
    }
    this.regions = regions;
    this.#last = regions[0]!;
  }

  isMapped(gpa: number, length: number): boolean {
    const last = this.#last;
    if (gpa >= last.base && gpa + length <= last.end) return true;
    return length <= 0 || this.#isMappedAcross(gpa, length);
  }

  read8(gpa: number): number {
    const region = this.#find(gpa);
    return region === undefined ? UNMAPPED : region.bytes[gpa - region.base]!;
  }

  read16(gpa: number): number {
    const region = this.#find(gpa);
    if (region !== undefined) {
      const at = gpa - region.base;
      if ((at & 1) === 0) return region.halves[at >>> 1]!;
    }
    return this.isMapped(gpa, 2) ? this.read8(gpa) | (this.read8(gpa + 1) << 8) : UNMAPPED;
  }

  read32(gpa: number): number {
    const region = this.#find(gpa);
    if (region !== undefined) {
      const at = gpa - region.base;
      if ((at & 3) === 0) return region.words[at >>> 2]! >>> 0;
    }
    if (!this.isMapped(gpa, 4)) return UNMAPPED;
    let value = 0;
    for (let i = 3; i >= 0; i--) value = ((value << 8) | this.read8(gpa + i)) >>> 0;
    return value;
  }

  write8(gpa: number, value: number): boolean {
    const region = this.#find(gpa);
    if (region === undefined) return false;
    region.bytes[gpa - region.base] = value;
    return true;
  }

  write16(gpa: number, value: number): boolean {
    const region = this.#find(gpa);
    if (region !== undefined) {
      const at = gpa - region.base;
      if ((at & 1) === 0) {
        region.halves[at >>> 1] = value;
        return true;
      }
    }
    if (!this.isMapped(gpa, 2)) return false;
    this.write8(gpa, value);
    return this.write8(gpa + 1, value >>> 8);
  }

  write32(gpa: number, value: number): boolean {
    const region = this.#find(gpa);
    if (region !== undefined) {
      const at = gpa - region.base;
      if ((at & 3) === 0) {
        region.words[at >>> 2] = value;
        return true;
      }
    }
    if (!this.isMapped(gpa, 4)) return false;
    for (let i = 0; i < 4; i++) this.write8(gpa + i, value >>> (8 * i));
    return true;
  }

  load(gpa: number, into: Uint8Array, at: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      const region = this.#find(gpa + done)!;
      const from = gpa + done - region.base;
      const take = Math.min(length - done, region.size - from);
      into.set(region.bytes.subarray(from, from + take), at + done);
      done += take;
    }
    return true;
  }

  store(gpa: number, from: Uint8Array, at: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      const region = this.#find(gpa + done)!;
      const to = gpa + done - region.base;
      const take = Math.min(length - done, region.size - to);
      region.bytes.set(from.subarray(at + done, at + done + take), to);
      done += take;
    }
    return true;
  }

  loadWords(gpa: number, into: Int32Array, at: number, count: number): boolean {
    const region = this.#find(gpa);
    if (region === undefined || gpa + 4 * count > region.end) {
      return this.#loadWordsAcross(gpa, into, at, count);
    }
    const words = region.words;
    const from = (gpa - region.base) >>> 2;
    copyWords(words, from, into, at, count);
    return true;
  }

  storeWords(gpa: number, from: Int32Array, at: number, count: number): boolean {
    const region = this.#find(gpa);
    if (region === undefined || gpa + 4 * count > region.end) {
      return this.#storeWordsAcross(gpa, from, at, count);
    }
    const words = region.words;
    const to = (gpa - region.base) >>> 2;
    copyWords(from, at, words, to, count);
    return true;
  }

  fill(gpa: number, value: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      const region = this.#find(gpa + done)!;
      const from = gpa + done - region.base;
      const take = Math.min(length - done, region.size - from);
      region.bytes.fill(value, from, from + take);
      done += take;
    }
    return true;
  }

  pageForRead(gpa: number): Uint8Array | undefined {
    const region = this.#find(gpa);
    if (region === undefined) return undefined;
    const at = gpa - region.base;
    // A region that does not start on a page border has no pages to show at page addresses.
    return (at & (PAGE_BYTES - 1)) === 0 ? region.page(at) : undefined;
  }

  pageForWrite(gpa: number): Uint8Array | undefined {
    return this.pageForRead(gpa);
  }

  view(gpa: number, length: number): Uint8Array | undefined {
    const region = this.#find(gpa);
    if (region === undefined || gpa + length > region.end) return undefined;
    return region.bytes.subarray(gpa - region.base, gpa - region.base + length);
  }

  #find(gpa: number): MemoryRegion | undefined {
    const last = this.#last;
    if (gpa >= last.base && gpa < last.end) return last;
    let low = 0;
    let high = this.regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const region = this.regions[middle]!;
      if (gpa < region.base) high = middle - 1;
      else if (gpa >= region.end) low = middle + 1;
      else {
        this.#last = region;
        return region;
      }
    }
    return undefined;
  }

  #isMappedAcross(gpa: number, length: number): boolean {
    let at = gpa;
    let left = length;
    while (left > 0) {
      const region = this.#find(at);
      if (region === undefined) return false;
      left -= region.end - at;
      at = region.end;
    }
    return true;
  }

  #loadWordsAcross(gpa: number, into: Int32Array, at: number, count: number): boolean {
    if (!this.isMapped(gpa, 4 * count)) return false;
    for (let i = 0; i < count; i++) into[at + i] = this.read32(gpa + 4 * i);
    return true;
  }

  #storeWordsAcross(gpa: number, from: Int32Array, at: number, count: number): boolean {
    if (!this.isMapped(gpa, 4 * count)) return false;
    for (let i = 0; i < count; i++) this.write32(gpa + 4 * i, from[at + i]!);
    return true;
  }
}

function makeRegion(spec: RegionSpec | MemoryRegion, index: number): MemoryRegion {
  if (spec instanceof MemoryRegion) return spec;
  const size = 'bytes' in spec ? spec.bytes.length : spec.size;
  if (!Number.isSafeInteger(size) || size <= 0 || size % 4 !== 0) {
    throw new ConfigError(`regions[${index}].size`, size, 'a positive multiple of 4');
  }
  if (!Number.isSafeInteger(spec.base) || spec.base < 0 || spec.base % 4 !== 0) {
    throw new ConfigError(`regions[${index}].base`, spec.base, 'a multiple of 4, 0 or more');
  }
  if (spec.base + size > UNMAPPED_ADDRESS) {
    throw new ConfigError(`regions[${index}].base`, spec.base, 'a region that ends below 2^53');
  }
  const bytes = 'bytes' in spec ? spec.bytes : new Uint8Array(size);
  assert(
    bytes.byteOffset % 4 === 0,
    'the bytes of a region start at a multiple of 4 of their buffer',
  );
  return new MemoryRegion(spec.base, bytes);
}

/** A loop, since a view for `set` would be garbage; unrolled, since that saves a third of the time. */
function copyWords(
  from: Int32Array,
  fromAt: number,
  into: Int32Array,
  intoAt: number,
  count: number,
): void {
  const whole = count & ~7;
  for (let i = 0; i < whole; i += 8) {
    const a = fromAt + i;
    const b = intoAt + i;
    into[b] = from[a]!;
    into[b + 1] = from[a + 1]!;
    into[b + 2] = from[a + 2]!;
    into[b + 3] = from[a + 3]!;
    into[b + 4] = from[a + 4]!;
    into[b + 5] = from[a + 5]!;
    into[b + 6] = from[a + 6]!;
    into[b + 7] = from[a + 7]!;
  }
  let i = whole;
  if ((count & 4) !== 0) {
    const a = fromAt + i;
    const b = intoAt + i;
    into[b] = from[a]!;
    into[b + 1] = from[a + 1]!;
    into[b + 2] = from[a + 2]!;
    into[b + 3] = from[a + 3]!;
    i += 4;
  }
  for (; i < count; i++) into[intoAt + i] = from[fromAt + i]!;
}
