/** A PCI function as the VMM, or an embedding emulator, drives it. */

/** Two 32-bit halves of a 64-bit register; the caller owns one and has it filled. */
export interface RegisterHalves {
  lo: number;
  hi: number;
}

/** Access sizes of {@link PciFunction.mmioRead}. */
export type AccessBytes = 1 | 2 | 4;

/**
 * A PCI type-0 function with one memory BAR.
 *
 * Total over any input: an offset outside the BAR or the configuration space, misaligned or unknown, reads as all ones
 * (configuration space) or zero (BAR) and ignores writes; nothing throws. Values are unsigned. A write only records what was
 * written and posts the work that follows: no DMA and no interrupt happens inside an access.
 */
export interface PciFunction {
  /** Size of BAR0 in bytes, a power of two. */
  readonly barBytes: number;
  /** Reads configuration space (256 bytes, or 4096 with extended capabilities). */
  configRead(at: number, size: AccessBytes): number;
  /** Writes configuration space; read-only bits stay. */
  configWrite(at: number, size: AccessBytes, value: number): void;
  /** Reads `size` bytes at offset `at` of BAR0. */
  mmioRead(at: number, size: AccessBytes): number;
  /** Writes `size` bytes at offset `at` of BAR0. */
  mmioWrite(at: number, size: AccessBytes, value: number): void;
  /** Reads eight bytes at once into `halves`: the same as two reads of four. */
  mmioRead64(at: number, halves: RegisterHalves): void;
  /** Writes eight bytes at once: low half first. */
  mmioWrite64(at: number, lo: number, hi: number): void;
}

/** Where a function's interrupts go. Called from the function's own tasks, never inside an access. */
export interface InterruptSink {
  /** Message `vector` of the MSI-X table fires. The address and data of the table entry are the VMM's to deliver. */
  msix(vector: number): void;
  /** The level of the INTx pin. Called on change only. */
  intx(level: boolean): void;
}
