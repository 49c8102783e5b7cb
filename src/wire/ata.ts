/**
 * ATA commands and Serial ATA frames. ACS-3 and Serial ATA 3.2.
 *
 * Does not model: port multipliers, ATAPI, power management frames.
 */
import { layout, u8, u16, u32 } from './layout.ts';

/** Commands. ACS-3, table B.2. */
export const AtaCommand = {
  readDmaExt: 0x25,
  readLogExt: 0x2f,
  writeDmaExt: 0x35,
  writeDmaFuaExt: 0x3d,
  readFpdmaQueued: 0x60,
  writeFpdmaQueued: 0x61,
  readDma: 0xc8,
  writeDma: 0xca,
  standbyImmediate: 0xe0,
  flushCache: 0xe7,
  flushCacheExt: 0xea,
  identifyDevice: 0xec,
  setFeatures: 0xef,
} as const;
/** One of {@link AtaCommand}. */
export type AtaCommand = (typeof AtaCommand)[keyof typeof AtaCommand];

/** Subcommands of SET FEATURES. ACS-3, 7.45. */
export const AtaFeature = {
  enableWriteCache: 0x02,
  setTransferMode: 0x03,
  disableWriteCache: 0x82,
} as const;

/** Bits of the status field. ACS-3, 6.2. */
export const AtaStatusBit = {
  error: 0x01,
  drq: 0x08,
  ready: 0x40,
  deviceFault: 0x20,
  busy: 0x80,
} as const;

/** Status of a device that is ready and saw no error: DRDY, and bit 4 as older hosts expect it. */
export const ATA_STATUS_OK = 0x50;

/** Bits of the error field. ACS-3, 6.3. */
export const AtaErrorBit = {
  abort: 0x04,
  idNotFound: 0x10,
  uncorrectable: 0x40,
  interfaceCrc: 0x80,
} as const;

/** Types of frames. Serial ATA 3.2, 10.5. */
export const FisType = {
  registerH2D: 0x27,
  registerD2H: 0x34,
  pioSetup: 0x5f,
  setDeviceBits: 0xa1,
} as const;

/** Bytes of the longest of these frames. */
export const FIS_BYTES = 20;

/** Log of the command that failed while commands were queued. ACS-3, A.14. */
export const NCQ_ERROR_LOG = 0x10;

/** Register Host to Device FIS. Serial ATA 3.2, 10.5.5. */
export const registerH2D = layout('registerH2D', FIS_BYTES, {
  type: u8(0),
  /** Bit 7 (C): the command field was written, not device control. */
  flags: u8(1),
  command: u8(2),
  featuresLow: u8(3),
  lba0: u8(4),
  lba1: u8(5),
  lba2: u8(6),
  /** Bit 6: LBA; bit 7 of queued writes: FUA. */
  device: u8(7),
  lba3: u8(8),
  lba4: u8(9),
  lba5: u8(10),
  featuresHigh: u8(11),
  count: u16(12),
  icc: u8(14),
  /** Device control; bit 2 is SRST. */
  control: u8(15),
});

/** Register Device to Host FIS. Serial ATA 3.2, 10.5.6. */
export const registerD2H = layout('registerD2H', FIS_BYTES, {
  type: u8(0),
  /** Bit 6 (I): interrupt. */
  flags: u8(1),
  status: u8(2),
  error: u8(3),
  lbaLow: u8(4),
  device: u8(7),
  count: u16(12),
});

/** Set Device Bits FIS. Serial ATA 3.2, 10.5.7. */
export const setDeviceBits = layout('setDeviceBits', 8, {
  type: u8(0),
  flags: u8(1),
  status: u8(2),
  error: u8(3),
  /** One bit for each queued command that ended. */
  active: u32(4),
});

/** PIO Setup FIS. Serial ATA 3.2, 10.5.11. */
export const pioSetup = layout('pioSetup', FIS_BYTES, {
  type: u8(0),
  /** Bit 5 (D): data to the host; bit 6 (I): interrupt. */
  flags: u8(1),
  status: u8(2),
  error: u8(3),
  /** Status after the transfer. */
  endStatus: u8(15),
  transferCount: u16(16),
});

/** Bit 7 of the second byte of a Register Host to Device FIS. */
const COMMAND_BIT = 0x80;
/** Interrupt bit of frames to the host. */
const INTERRUPT_BIT = 0x40;

/**
 * Fills a Register Host to Device FIS with a 48-bit command. ACS-3, 7.
 *
 * @param device bits 7:4 as the command wants them
 */
export function buildCommandFis(
  fis: Uint8Array,
  command: AtaCommand,
  lba: number,
  count: number,
  features: number,
  device: number,
): void {
  fis.fill(0, 0, FIS_BYTES);
  fis[0] = FisType.registerH2D;
  fis[1] = COMMAND_BIT;
  fis[2] = command;
  fis[3] = features & 0xff;
  putLba(fis, lba);
  fis[7] = device;
  fis[11] = features >>> 8;
  fis[12] = count & 0xff;
  fis[13] = count >>> 8;
}

/** Is it a frame that brings a command? */
export function isCommandFis(fis: Uint8Array): boolean {
  return fis[0] === FisType.registerH2D && (fis[1]! & COMMAND_BIT) !== 0;
}

/** The 48-bit LBA field of a register frame. */
export function fisLba(fis: Uint8Array): number {
  const low = fis[4]! | (fis[5]! << 8) | (fis[6]! << 16);
  const high = fis[8]! | (fis[9]! << 8) | (fis[10]! << 16);
  return high * 0x100_0000 + low;
}

/** The 16-bit count field of a register frame. */
export function fisCount(fis: Uint8Array): number {
  return fis[12]! | (fis[13]! << 8);
}

/** The 16-bit features field of a Register Host to Device FIS. */
export function fisFeatures(fis: Uint8Array): number {
  return fis[3]! | (fis[11]! << 8);
}

/** Fills a Register Device to Host FIS. */
export function buildD2H(fis: Uint8Array, status: number, error: number, lba: number): void {
  fis.fill(0, 0, FIS_BYTES);
  fis[0] = FisType.registerD2H;
  fis[1] = INTERRUPT_BIT;
  fis[2] = status;
  fis[3] = error;
  putLba(fis, lba);
}

/** Fills a Set Device Bits FIS. `status` keeps the bits that the frame carries: 6:4 and 2:0. */
export function buildSetDeviceBits(
  fis: Uint8Array,
  status: number,
  error: number,
  active: number,
): void {
  fis.fill(0, 0, setDeviceBits.byteLength);
  fis[0] = FisType.setDeviceBits;
  fis[1] = INTERRUPT_BIT;
  fis[2] = status & 0x77;
  fis[3] = error;
  fis[4] = active & 0xff;
  fis[5] = (active >>> 8) & 0xff;
  fis[6] = (active >>> 16) & 0xff;
  fis[7] = active >>> 24;
}

/** The 32 SActive bits of a Set Device Bits FIS, as a signed integer. */
export function activeBits(fis: Uint8Array): number {
  return fis[4]! | (fis[5]! << 8) | (fis[6]! << 16) | (fis[7]! << 24);
}

/** Fills a PIO Setup FIS for `byteCount` bytes to the host. */
export function buildPioSetup(fis: Uint8Array, byteCount: number): void {
  fis.fill(0, 0, FIS_BYTES);
  fis[0] = FisType.pioSetup;
  fis[1] = INTERRUPT_BIT | 0x20;
  fis[2] = ATA_STATUS_OK | AtaStatusBit.drq;
  fis[15] = ATA_STATUS_OK;
  fis[16] = byteCount & 0xff;
  fis[17] = byteCount >>> 8;
}

function putLba(fis: Uint8Array, lba: number): void {
  const high = Math.floor(lba / 0x100_0000);
  fis[4] = lba & 0xff;
  fis[5] = (lba >>> 8) & 0xff;
  fis[6] = (lba >>> 16) & 0xff;
  fis[8] = high & 0xff;
  fis[9] = (high >>> 8) & 0xff;
  fis[10] = (high >>> 16) & 0xff;
}

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

/** Writes the NCQ error log (512 bytes) of the queued command that failed. ACS-3, A.14.2. */
export function buildNcqErrorLog(
  into: Uint8Array,
  tag: number,
  status: number,
  error: number,
  lba: number,
): void {
  into.fill(0, 0, 512);
  into[0] = tag;
  into[2] = status;
  into[3] = error;
  putLba(into, lba);
  putChecksumOnly(into);
}

/** Tag of the failed command in the NCQ error log; -1 when no queued command failed (NQ) or the checksum is wrong. */
export function ncqErrorTag(log: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += log[i]!;
  return sum % 0x100 !== 0 || (log[0]! & 0x80) !== 0 ? -1 : log[0]! & 0x1f;
}

function putChecksumOnly(into: Uint8Array): void {
  into[511] = 0;
  let sum = 0;
  for (let i = 0; i < 511; i++) sum += into[i]!;
  into[511] = (0x100 - (sum % 0x100)) % 0x100;
}
