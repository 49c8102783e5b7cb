/** CRC-32C (Castagnoli), reflected, as iSCSI and NVMe use it. RFC 3720, appendix B.4. */

const POLYNOMIAL = 0x82f6_3b78;

/** Four tables of 256 entries: table k is the remainder of a byte followed by k zero bytes. */
const TABLES = makeTables();

/**
 * The CRC of `bytes[at .. at + length - 1]`, an unsigned 32-bit number; E3069283h for the text `123456789`.
 *
 * @param before the CRC of what comes before, to go on from
 */
export function crc32c(bytes: Uint8Array, at: number, length: number, before = 0): number {
  let crc = ~before;
  let i = at;
  const end = at + length;
  for (; i + 4 <= end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      TABLES[768 + (crc & 255)]! ^
      TABLES[512 + ((crc >>> 8) & 255)]! ^
      TABLES[256 + ((crc >>> 16) & 255)]! ^
      TABLES[crc >>> 24]!;
  }
  for (; i < end; i++) crc = TABLES[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & POLYNOMIAL);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = tables[shorter & 255]! ^ (shorter >>> 8);
  }
  return tables;
}
