/** CRC-32C (Castagnoli), reflected, as iSCSI and NVMe use it. RFC 3720, appendix B.4. */
import { crc32By, makeCrc32Tables } from './reflected-crc32.ts';

const TABLES = makeCrc32Tables(0x82f6_3b78);

/**
 * The CRC of `bytes[at .. at + length - 1]`, an unsigned 32-bit number; E3069283h for the text `123456789`.
 *
 * @param before the CRC of what comes before, to go on from
 */
export function crc32c(bytes: Uint8Array, at: number, length: number, before = 0): number {
  return crc32By(TABLES, bytes, at, length, before);
}
