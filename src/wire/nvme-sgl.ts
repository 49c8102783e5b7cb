/** Scatter gather list descriptors. NVMe Base 2.0, 4.1.2. */
import { bits, layout, u32, u64 } from './layout.ts';

/** Bytes of one descriptor. */
export const SGL_DESCRIPTOR_BYTES = 16;

/** A data block, segment or last segment descriptor. NVMe Base 2.0, figures 94 to 97. */
export const sglDescriptor = layout('sglDescriptor', SGL_DESCRIPTOR_BYTES, {
  /** Where the data or the next segment lies. */
  address: u64(0),
  /** Bytes of the data or of the segment. */
  length: u32(8),
  /** How the address is to be read: 0 an address. */
  subtype: bits(12, 24, 4),
  /** One of {@link SglType}. */
  type: bits(12, 28, 4),
});

/** Types of descriptors, in bits 7:4 of the last byte. NVMe Base 2.0, figure 92. */
export const SglType = {
  dataBlock: 0,
  bitBucket: 1,
  segment: 2,
  lastSegment: 3,
  keyedDataBlock: 4,
  transportDataBlock: 5,
} as const;
/** One of {@link SglType}. */
export type SglType = (typeof SglType)[keyof typeof SglType];

/** SGLS of Identify Controller. NVMe Base 2.0, figure 275. */
export const Sgls = {
  /** How SGLs are supported: 0 not at all, or one of the next two. */
  supportMask: 3,
  /** With any alignment. */
  anyAlignment: 1,
  /** Addresses and lengths of data blocks are multiples of 4. */
  dwordOnly: 2,
  /** Bit bucket descriptors. */
  bitBucket: 1 << 16,
  /** A list may describe more than the command transfers. */
  excessLength: 1 << 18,
  /** MPTR may hold the address of a segment of one descriptor. */
  metadataSgl: 1 << 19,
} as const;

/** FUSE in command dword 0, in place: the first and the second command of a pair. */
export const Fuse = { mask: 0x300, first: 0x100, second: 0x200 } as const;
/** PSDT in command dword 0, in place: data by SGL, and metadata by SGL too. */
export const Psdt = { mask: 0xc000, sgl: 0x4000, metadataSgl: 0x8000 } as const;
