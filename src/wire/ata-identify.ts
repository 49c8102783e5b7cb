/** IDENTIFY DEVICE data. ACS-3, 7.12.7. */

/** What a device says of itself in IDENTIFY DEVICE. ACS-3, 7.12.7. */
export interface AtaIdentity {
  /** Size in logical sectors. */
  sectorCount: number;
  /** Bytes of one logical sector. */
  sectorBytes: number;
  /** Bytes of one physical sector. */
  physicalBytes: number;
  /** Commands that can be queued, 1 .. 32; 0 when queueing is not supported. */
  queueDepth: number;
  /** The volatile write cache is on. */
  writeCache: boolean;
  /** WRITE DMA FUA EXT and FUA on queued writes are supported. */
  fua: boolean;
  /** Rotations per minute; 1 for a device that does not rotate. */
  rotationRate: number;
  /** DATA SET MANAGEMENT with TRIM is supported; trimmed sectors read as zeroes. */
  trim: boolean;
  /** SEND FPDMA QUEUED is supported; its log says what for. */
  sendFpdma: boolean;
}

/** Writes IDENTIFY DEVICE data (512 bytes), checksum included. */
export function buildIdentify(
  into: Uint8Array,
  identity: AtaIdentity,
  serial: string,
  firmware: string,
  model: string,
): void {
  into.fill(0, 0, 512);
  putWord(into, 0, 0x0040);
  putText(into, 10, 10, serial);
  putText(into, 23, 4, firmware);
  putText(into, 27, 20, model);
  // LBA and DMA are supported; words 64-70 and 88 are valid.
  putWord(into, 49, 0x0300);
  putWord(into, 50, 0x4000);
  putWord(into, 53, 0x0006);
  const small = Math.min(identity.sectorCount, 0x0fff_ffff);
  putWord(into, 60, small & 0xffff);
  putWord(into, 61, small >>> 16);
  putWord(into, 63, 0x0007);
  if (identity.queueDepth > 0) {
    putWord(into, 75, identity.queueDepth - 1);
    putWord(into, 76, 0x0100);
  }
  // Generation 1 to 3 speeds; ACS-3 and the versions before it.
  putWord(into, 76, getWord(into, 76) | 0x000e);
  putWord(into, 80, 0x07f0);
  // Write cache; 48-bit addresses, FLUSH CACHE and FLUSH CACHE EXT; FUA.
  putWord(into, 82, 0x0020);
  putWord(into, 83, 0x7400);
  putWord(into, 84, 0x4000 | (identity.fua ? 0x0040 : 0));
  putWord(into, 85, identity.writeCache ? 0x0020 : 0);
  putWord(into, 86, 0x3400);
  putWord(into, 87, 0x4000 | (identity.fua ? 0x0040 : 0));
  putWord(into, 88, 0x407f);
  const { sectorCount } = identity;
  putWord(into, 100, sectorCount % 0x1_0000);
  putWord(into, 101, Math.floor(sectorCount / 0x1_0000) % 0x1_0000);
  putWord(into, 102, Math.floor(sectorCount / 0x1_0000_0000) % 0x1_0000);
  if (identity.trim) {
    // Reads after TRIM are the same each time, and zero; a list is one block long.
    putWord(into, 69, 0x4020);
    putWord(into, 105, 1);
    putWord(into, 169, 1);
  }
  if (identity.sendFpdma) putWord(into, 77, 0x0040);
  putSectorSize(into, identity);
  putWord(into, 217, identity.rotationRate);
  putChecksum(into);
}

function putSectorSize(into: Uint8Array, identity: AtaIdentity): void {
  const perPhysical = identity.physicalBytes / identity.sectorBytes;
  const exponent = 31 - Math.clz32(perPhysical);
  let word = 0x4000 | exponent;
  if (exponent > 0) word |= 0x2000;
  if (identity.sectorBytes > 512) {
    word |= 0x1000;
    putWord(into, 117, identity.sectorBytes / 2);
  }
  putWord(into, 106, word);
}

/** Reads IDENTIFY DEVICE data; `undefined` when its checksum is wrong or it is not a disk with 48-bit LBA. */
export function parseIdentify(from: Uint8Array): AtaIdentity | undefined {
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += from[i]!;
  if (getWord(from, 255) % 0x100 === 0xa5 && sum % 0x100 !== 0) return undefined;
  if ((getWord(from, 83) & 0xc400) !== 0x4400) return undefined;
  const size = getWord(from, 106);
  const isSizeValid = (size & 0xc000) === 0x4000;
  const words = getWord(from, 117) + getWord(from, 118) * 0x1_0000;
  const sectorBytes = isSizeValid && (size & 0x1000) !== 0 ? words * 2 : 512;
  const exponent = isSizeValid && (size & 0x2000) !== 0 ? size & 0xf : 0;
  return {
    sectorCount:
      getWord(from, 100) + getWord(from, 101) * 0x1_0000 + getWord(from, 102) * 0x1_0000_0000,
    sectorBytes,
    physicalBytes: sectorBytes * 2 ** exponent,
    queueDepth: (getWord(from, 76) & 0x0100) !== 0 ? (getWord(from, 75) & 0x1f) + 1 : 0,
    writeCache: (getWord(from, 85) & 0x0020) !== 0,
    fua: (getWord(from, 84) & 0xc040) === 0x4040,
    rotationRate: getWord(from, 217),
    trim: (getWord(from, 169) & 1) !== 0,
    sendFpdma: (getWord(from, 77) & 0x0040) !== 0,
  };
}

function getWord(from: Uint8Array, word: number): number {
  return from[word * 2]! | (from[word * 2 + 1]! << 8);
}

function putWord(into: Uint8Array, word: number, value: number): void {
  into[word * 2] = value & 0xff;
  into[word * 2 + 1] = value >>> 8;
}

/** Text of ATA strings: two characters a word, the first in the high byte, filled with spaces. ACS-3, 3.3.10. */
function putText(into: Uint8Array, word: number, words: number, text: string): void {
  for (let i = 0; i < words * 2; i++) {
    into[word * 2 + (i ^ 1)] = i < text.length ? text.charCodeAt(i) & 0x7f : 0x20;
  }
}

/** The integrity word: signature A5h and a byte that makes the sum of all 512 zero. ACS-3, 7.12.7.85. */
function putChecksum(into: Uint8Array): void {
  into[510] = 0xa5;
  into[511] = 0;
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += into[i]!;
  into[511] = (0x100 - (sum % 0x100)) % 0x100;
}
