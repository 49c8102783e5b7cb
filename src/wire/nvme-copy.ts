/** Source ranges of Copy. NVM Command Set 1.0, 3.2.2; formats 2h and 3h of the NVM Command Set 1.1. */
import { be16, be32, layout, u16, u32, u64 } from './layout.ts';

/** Bytes of a source range of formats 0h and 2h. */
export const COPY_RANGE_BYTES = 32;
/** Bytes of a source range of formats 1h and 3h. */
export const COPY_RANGE_64_BYTES = 40;

/** Source range of formats 0h and 2h, for a guard of 16 bits. */
export const copyRange = layout('copyRange', COPY_RANGE_BYTES, {
  /** Source namespace, in format 2h. */
  snsid: u32(0),
  slba: u64(8),
  /** Number of logical blocks, zero-based. */
  nlb0: u16(16),
  /** Expected initial reference tag. */
  eilbrt: u32(24),
  /** Expected application tag, and its mask. */
  elbat: u16(28),
  elbatm: u16(30),
});

/** Source range of formats 1h and 3h, for a guard of 32 or 64 bits; the tags are the most significant byte first. */
export const copyRange64 = layout('copyRange64', COPY_RANGE_64_BYTES, {
  /** Source namespace, in format 3h. */
  snsid: u32(0),
  slba: u64(8),
  /** Number of logical blocks, zero-based. */
  nlb0: u16(16),
  /** Expected storage and initial reference tag: the upper 16 and the lower 32 of the 48 bits that a 64-bit guard leaves. */
  eilbrtHi: be16(30),
  eilbrtLo: be32(32),
  /** Expected application tag, and its mask. */
  elbat: u16(36),
  elbatm: u16(38),
});
