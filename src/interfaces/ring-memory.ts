/** The bytes of one ring, by position. Little-endian by name. */

/**
 * What a virtqueue reads and writes its ring through. Positions are byte offsets from the ring's start, naturally aligned.
 *
 * Each call is one access that the other side can see, in program order: a recording or interleaving form relies on that.
 * A form whose memory went away reads 0 and drops writes.
 */
export interface RingMemory {
  /** Two bytes at offset `at`, a multiple of 2. */
  get16(at: number): number;
  /** Four bytes at offset `at`, a multiple of 4, as an unsigned integer. */
  get32(at: number): number;
  /** Writes two bytes at offset `at`, a multiple of 2. */
  set16(at: number, value: number): void;
  /** Writes four bytes at offset `at`, a multiple of 4. */
  set32(at: number, value: number): void;
}
