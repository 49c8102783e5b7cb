/** The bytes of one ring, by position. Little-endian by name. */

/**
 * What a virtqueue reads and writes its ring through. Positions are byte offsets from the ring's start, naturally aligned.
 *
 * Each call is one access that the other side can see, in program order: a recording or interleaving form relies on that.
 * A form whose memory went away reads 0 and drops writes.
 */
export interface RingMemory {
  get16(at: number): number;
  get32(at: number): number;
  set16(at: number, value: number): void;
  set32(at: number, value: number): void;
}
