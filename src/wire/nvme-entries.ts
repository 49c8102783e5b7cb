/** Submission and completion queue entries. NVMe Base 2.0, 3.3.3. */
import { bits, flag, layout, u8, u16, u32, u64 } from './layout.ts';

/** Bytes of a submission queue entry. */
export const SQE_BYTES = 64;
/** Bytes of a completion queue entry. */
export const CQE_BYTES = 16;

/** Submission queue entry. NVMe Base 2.0, 3.3.3.1; read and write fields of the NVM Command Set 1.0, 3.2.4 and 3.2.6. */
export const sqe = layout('sqe', SQE_BYTES, {
  opc: u8(0),
  /** Fused operation: 0 none, 1 first, 2 second. */
  fuse: bits(0, 8, 2),
  /** PRP or SGL for data transfer: 0 PRPs, 1 SGL, 2 SGL and metadata SGL. */
  psdt: bits(0, 14, 2),
  /** Command identifier; unique among the commands in flight on this queue. */
  cid: u16(2),
  nsid: u32(4),
  cdw2: u32(8),
  cdw3: u32(12),
  mptr: u64(16),
  prp1: u64(24),
  prp2: u64(32),
  /** First logical block of an I/O command; command dwords 10 and 11 otherwise. */
  slba: u64(40),
  /** Number of logical blocks, zero-based. */
  nlb0: bits(48, 0, 16),
  /** Protection information field. */
  prinfo: bits(48, 26, 4),
  /** Force unit access. */
  fua: flag(48, 30),
  /** Limited retry. */
  lr: flag(48, 31),
  cdw13: u32(52),
  cdw14: u32(56),
  cdw15: u32(60),
});

/** Positions of 32-bit words in a submission queue entry, for code that keeps it as an `Int32Array`. */
export const SqeWord = {
  /** OPC | FUSE << 8 | PSDT << 14 | CID << 16. */
  cdw0: 0,
  nsid: 1,
  cdw2: 2,
  cdw3: 3,
  mptrLo: 4,
  mptrHi: 5,
  prp1Lo: 6,
  prp1Hi: 7,
  prp2Lo: 8,
  prp2Hi: 9,
  cdw10: 10,
  cdw11: 11,
  cdw12: 12,
  cdw13: 13,
  cdw14: 14,
  cdw15: 15,
} as const;

/** Bits of command dword 12 of Read and Write, in place. */
export const IoControl = {
  fua: 0x4000_0000,
  lr: 0x8000_0000,
  /** PRINFO: the controller inserts or strips protection information. */
  pract: 0x2000_0000,
  /** PRINFO: the guard, the application tag, the reference tag is checked. */
  checkGuard: 0x1000_0000,
  checkAppTag: 0x0800_0000,
  checkRefTag: 0x0400_0000,
} as const;

/** Completion queue entry. NVMe Base 2.0, 3.3.3.2. */
export const cqe = layout('cqe', CQE_BYTES, {
  dw0: u32(0),
  dw1: u32(4),
  /** How far the submission queue was consumed. */
  sqhd: u16(8),
  sqid: u16(10),
  cid: u16(12),
  /** Phase tag: inverted on each pass through the queue. */
  phase: bits(12, 16, 1),
  /** Status field: SC | SCT << 8 | CRD << 11 | More << 13 | DNR << 14. */
  status: bits(12, 17, 15),
});

/** Positions of 32-bit words in a completion queue entry. */
export const CqeWord = {
  dw0: 0,
  dw1: 1,
  /** SQHD | SQID << 16. */
  sqHeadAndId: 2,
  /** CID | phase << 16 | status << 17. */
  cidAndStatus: 3,
} as const;
