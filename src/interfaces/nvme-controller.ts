/** An NVMe controller without its PCI shell: registers and doorbells. */
import type { AccessBytes, RegisterHalves } from './pci-function.ts';

/** Where completions are announced: vector numbers as the completion queues were created with. */
export interface NvmeInterrupts {
  /** Completion queue entries are new on a queue that uses `vector`. */
  raise(vector: number): void;
  /** All entries of all queues with `vector` are consumed (pin-based interrupts drop their level here). */
  lower(vector: number): void;
}

/**
 * The register file and doorbells of one controller (NVMe Base 2.0, 3.1). Total over any offset, size and value,
 * like {@link PciFunction}; a road may host it without PCI.
 */
export interface NvmeController {
  /** How many bytes the registers and doorbells take. */
  readonly registerBytes: number;
  /** Reads `size` bytes at offset `at`. */
  read(at: number, size: AccessBytes): number;
  /** Writes `size` bytes at offset `at`. */
  write(at: number, size: AccessBytes, value: number): void;
  /** Reads eight bytes at once into `halves`. */
  read64(at: number, halves: RegisterHalves): void;
  /** Writes eight bytes at once. */
  write64(at: number, lo: number, hi: number): void;
  /** Function-level or bus reset: queues vanish, commands in flight end unseen, registers are as at power-on. */
  hardReset(): void;
}
