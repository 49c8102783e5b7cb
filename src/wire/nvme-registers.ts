/** The register file of an NVMe controller. NVMe Base 2.0, 3.1. */
import { bits, flag, layout, u32, u64 } from './layout.ts';

/** Byte offsets of the registers in BAR0. NVMe Base 2.0, figure 35. */
export const NvmeRegister = {
  cap: 0x00,
  vs: 0x08,
  intms: 0x0c,
  intmc: 0x10,
  cc: 0x14,
  csts: 0x1c,
  nssr: 0x20,
  aqa: 0x24,
  asq: 0x28,
  acq: 0x30,
} as const;

/** Where the doorbells begin; doorbell `i` lies at `i * doorbellStride` from here. NVMe over PCIe 1.0, 3.1.2. */
export const DOORBELL_BASE = 0x1000;

/** The registers from CAP to ACQ as one structure. Reserved space is not named. */
export const nvmeRegisters = layout('nvmeRegisters', 0x40, {
  /** Maximum queue entries supported, zero-based. */
  mqes0: bits(0x00, 0, 16),
  /** Queues are physically contiguous. */
  cqr: flag(0x00, 16),
  /** Arbitration mechanisms beside round robin: bit 0 is weighted round robin with urgent class. */
  ams: bits(0x00, 17, 2),
  /** Worst case time from CC.EN to CSTS.RDY, in units of 500 ms. */
  to: bits(0x00, 24, 8),
  /** Doorbell stride: `4 << dstrd` bytes. */
  dstrd: bits(0x04, 0, 4),
  /** NVM subsystem reset supported. */
  nssrs: flag(0x04, 4),
  /** Command sets: bit 0 NVM, bit 6 one or more I/O command sets, bit 7 none. */
  css: bits(0x04, 5, 8),
  /** Smallest host page: `4096 << mpsmin`. */
  mpsmin: bits(0x04, 16, 4),
  /** Largest host page: `4096 << mpsmax`. */
  mpsmax: bits(0x04, 20, 4),
  /** Version: major << 16 | minor << 8 | tertiary. */
  vs: u32(0x08),
  /** Interrupt mask set. */
  intms: u32(0x0c),
  /** Interrupt mask clear. */
  intmc: u32(0x10),
  /** Enable. */
  en: flag(0x14, 0),
  /** I/O command set selected. */
  ccCss: bits(0x14, 4, 3),
  /** Memory page size: `4096 << mps`. */
  mps: bits(0x14, 7, 4),
  /** Arbitration mechanism selected. */
  ccAms: bits(0x14, 11, 3),
  /** Shutdown notification: 1 normal, 2 abrupt. */
  shn: bits(0x14, 14, 2),
  /** I/O submission queue entry size as a power of two. */
  iosqes: bits(0x14, 16, 4),
  /** I/O completion queue entry size as a power of two. */
  iocqes: bits(0x14, 20, 4),
  /** Ready. */
  rdy: flag(0x1c, 0),
  /** Controller fatal status. */
  cfs: flag(0x1c, 1),
  /** Shutdown status: 0 normal operation, 1 occurring, 2 complete. */
  shst: bits(0x1c, 2, 2),
  /** NVM subsystem reset occurred. */
  nssro: flag(0x1c, 4),
  /** NVM subsystem reset control. */
  nssr: u32(0x20),
  /** Admin submission queue size, zero-based. */
  asqs0: bits(0x24, 0, 12),
  /** Admin completion queue size, zero-based. */
  acqs0: bits(0x24, 16, 12),
  /** Admin submission queue base address. */
  asq: u64(0x28),
  /** Admin completion queue base address. */
  acq: u64(0x30),
});

/** Fields of CC as shifts and masks, for code that keeps the register as one number. NVMe Base 2.0, 3.1.3.5. */
export const Cc = {
  en: 1,
  cssShift: 4,
  cssMask: 7,
  mpsShift: 7,
  mpsMask: 15,
  amsShift: 11,
  amsMask: 7,
  shnShift: 14,
  shnMask: 3,
  iosqesShift: 16,
  iosqesMask: 15,
  iocqesShift: 20,
  iocqesMask: 15,
} as const;

/** Fields of CSTS as bits. NVMe Base 2.0, 3.1.3.6. */
export const Csts = { rdy: 1, cfs: 2, shstShift: 2, shstMask: 3 } as const;
