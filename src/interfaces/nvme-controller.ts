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
  /** Chooses message interrupts with `vectorCount` vectors, or levels (pin-based) with vector 0 alone. Told by a PCI shell. */
  setInterruptMode(vectorCount: number, levels: boolean): void;
  /** Without it, an access of a ring ends in CSTS.CFS. Told by a PCI shell. Data is moved by the port, and not gated. */
  setBusMaster(canMaster: boolean): void;
}

/** A controller whose host may let go of it. */
export interface HostedNvmeController extends NvmeController {
  /**
   * As {@link NvmeController.hardReset}; `done` is called when nothing is in flight any more, never inside the call: from then on no
   * memory is touched.
   */
  hardReset(done?: () => void): void;
}

/** Makes the controller behind a PCI shell, which takes its interrupts. */
export type NvmeControllerFactory = (interrupts: NvmeInterrupts) => NvmeController;
