/** Reflected 32-bit CRCs, four bytes at a time, by tables of one polynomial. */

/** Four tables of 256 entries: table k is the remainder of a byte followed by k zero bytes. `polynomial` is the reflected one. */
export function makeCrc32Tables(polynomial: number): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & polynomial);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = tables[shorter & 255]! ^ (shorter >>> 8);
  }
  return tables;
}

/** The CRC of `bytes[at .. at + length - 1]`, an unsigned number; `before` is the CRC of what comes before. */
export function crc32By(
  tables: Int32Array,
  bytes: Uint8Array,
  at: number,
  length: number,
  before: number,
): number {
  let crc = ~before;
  let i = at;
  const end = at + length;
  for (; i + 4 <= end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      tables[768 + (crc & 255)]! ^
      tables[512 + ((crc >>> 8) & 255)]! ^
      tables[256 + ((crc >>> 16) & 255)]! ^
      tables[crc >>> 24]!;
  }
  for (; i < end; i++) crc = tables[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
