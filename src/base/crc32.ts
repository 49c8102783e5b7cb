/** CRC-32 of Ethernet, gzip and the GUID partition table, reflected. ITU-T V.42; UEFI 2.10, 5.3.2. */
import { crc32By, makeCrc32Tables } from './reflected-crc32.ts';

const TABLES = makeCrc32Tables(0xedb8_8320);

/**
 * The CRC of `bytes[at .. at + length - 1]`, an unsigned 32-bit number; CBF43926h for the text `123456789`.
 *
 * @param before the CRC of what comes before, to go on from
 */
export function crc32(bytes: Uint8Array, at: number, length: number, before = 0): number {
  return crc32By(TABLES, bytes, at, length, before);
}
