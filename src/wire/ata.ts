/**
 * ATA commands and Serial ATA frames. ACS-3 and Serial ATA 3.2. IDENTIFY DEVICE data is in `ata-identify.ts`, TRIM in `ata-trim.ts`.
 *
 * Does not model: port multipliers, ATAPI, power management frames.
 */
import { layout, u8, u16, u32 } from './layout.ts';

/** Commands. ACS-3, table B.2. */
export const AtaCommand = {
  dataSetManagement: 0x06,
  readDmaExt: 0x25,
  readLogExt: 0x2f,
  writeDmaExt: 0x35,
  writeDmaFuaExt: 0x3d,
  readFpdmaQueued: 0x60,
  writeFpdmaQueued: 0x61,
  sendFpdmaQueued: 0x64,
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
  /** What a queued command has no other field for. */
  auxiliary: u32(16),
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

/** SRST of the device control field: while it is set the device is in a soft reset. */
const SOFT_RESET_BIT = 0x04;

/** Fills a Register Host to Device FIS that writes device control alone: a soft reset begins (true) or ends. Serial ATA 3.2, 10.5.5. */
export function buildControlFis(fis: Uint8Array, isSoftReset: boolean): void {
  fis.fill(0, 0, FIS_BYTES);
  fis[0] = FisType.registerH2D;
  fis[15] = isSoftReset ? SOFT_RESET_BIT : 0;
}

/** Is it a frame that writes device control? */
export function isControlFis(fis: Uint8Array): boolean {
  return fis[0] === FisType.registerH2D && (fis[1]! & COMMAND_BIT) === 0;
}

/** Does a frame that writes device control ask for a soft reset? */
export function isSoftReset(fis: Uint8Array): boolean {
  return (fis[15]! & SOFT_RESET_BIT) !== 0;
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
