/** Guest memory as everybody who does DMA sees it. */

/** What a read of an unmapped address returns: no value that memory can hold. */
export const UNMAPPED = -1;

/**
 * A byte-addressed memory with holes. Little-endian.
 *
 * Addresses are integers 0 .. 2^53 (the last one stands for all beyond and is never mapped); any number is
 * accepted and what is not mapped answers `UNMAPPED` or `false`. An access that is not wholly mapped moves no byte.
 * Ranges may cross from one region into an adjacent one. Nothing here throws for any address or length.
 */
export interface GuestMemory {
  /** Are all bytes of the range mapped? A length of 0 is mapped everywhere. */
  isMapped(gpa: number, length: number): boolean;
  /** One byte, or `UNMAPPED`. */
  read8(gpa: number): number;
  /** Two bytes, or `UNMAPPED`. */
  read16(gpa: number): number;
  /** Four bytes as an unsigned integer, or `UNMAPPED`. */
  read32(gpa: number): number;
  /** Writes one byte; false when unmapped. */
  write8(gpa: number, value: number): boolean;
  /** Writes two bytes; false when unmapped. */
  write16(gpa: number, value: number): boolean;
  /** Writes four bytes; false when unmapped. */
  write32(gpa: number, value: number): boolean;
  /** Memory to `into[at ..]`; false when unmapped. For any alignment; not for the hot path. */
  load(gpa: number, into: Uint8Array, at: number, length: number): boolean;
  /** `from[at ..]` to memory; false when unmapped. For any alignment; not for the hot path. */
  store(gpa: number, from: Uint8Array, at: number, length: number): boolean;
  /** Memory to `into[at ..]`, `count` 32-bit words; `gpa` is a multiple of 4. Makes no garbage. */
  loadWords(gpa: number, into: Int32Array, at: number, count: number): boolean;
  /** `from[at ..]` to memory, `count` 32-bit words; `gpa` is a multiple of 4. Makes no garbage. */
  storeWords(gpa: number, from: Int32Array, at: number, count: number): boolean;
  /** Sets a range to one byte value; false when unmapped. */
  fill(gpa: number, value: number, length: number): boolean;
  /**
   * The 4-KiB page at `gpa` (a multiple of 4096) for reading, as a view that is made once; `undefined` when the page is not wholly inside
   * one region or this memory has no stable bytes to show (a recording one).
   */
  pageForRead(gpa: number): Uint8Array | undefined;
  /** As {@link GuestMemory.pageForRead}, for writing: the caller writes the whole page. */
  pageForWrite(gpa: number): Uint8Array | undefined;
  /** A stable view of a range inside one region, made anew at each call (set-up, not the hot path); `undefined` as for pages. */
  view(gpa: number, length: number): Uint8Array | undefined;
}
