/**
 * CRC-16/T10-DIF, not reflected, polynomial 8BB7h: the guard of protection information. SBC-4, 4.22.4; NVM Command Set 1.0, 5.2.1.2.
 */

const POLYNOMIAL = 0x8bb7;

/** Two tables of 256 entries: the remainder of a byte followed by two zero bytes, and by three. */
const TABLES = makeTables();

/**
 * The CRC of `bytes[at .. at + length - 1]`, an unsigned 16-bit number; D0DBh for the text `123456789`.
 *
 * @param before the CRC of what comes before, to go on from
 */
export function crc16T10(bytes: Uint8Array, at: number, length: number, before = 0): number {
  let crc = before;
  let i = at;
  const end = at + length;
  for (; i + 2 <= end; i += 2) {
    crc = TABLES[256 + ((crc >>> 8) ^ bytes[i]!)]! ^ TABLES[(crc & 255) ^ bytes[i + 1]!]!;
  }
  if (i < end) crc = ((crc << 8) & 0xffff) ^ TABLES[(crc >>> 8) ^ bytes[i]!]!;
  return crc;
}

function makeTables(): Uint16Array {
  const tables = new Uint16Array(2 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (-((crc >>> 15) & 1) & POLYNOMIAL);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = (shorter << 8) ^ tables[shorter >>> 8]!;
  }
  return tables;
}
