/**
 * SCSI command descriptor blocks, sense data and parameter data. SPC-4, SBC-3 and SAM-5.
 *
 * Logical block provisioning is in `scsi-provisioning.ts`.
 *
 * Does not model: variable length CDBs, protection information, long LBA mode parameters.
 */
import { addressOf } from '../base/sg-list.ts';
import { ascii, be16, be32, be64, layout, u8 } from './layout.ts';

/** Operation codes. SPC-4, 4.3.2 and table E.2. */
export const ScsiOp = {
  testUnitReady: 0x00,
  requestSense: 0x03,
  read6: 0x08,
  write6: 0x0a,
  inquiry: 0x12,
  modeSelect6: 0x15,
  modeSense6: 0x1a,
  readCapacity10: 0x25,
  read10: 0x28,
  write10: 0x2a,
  synchronizeCache10: 0x35,
  writeSame10: 0x41,
  unmap: 0x42,
  modeSelect10: 0x55,
  modeSense10: 0x5a,
  read16: 0x88,
  write16: 0x8a,
  synchronizeCache16: 0x91,
  writeSame16: 0x93,
  serviceActionIn16: 0x9e,
  reportLuns: 0xa0,
  read12: 0xa8,
  write12: 0xaa,
} as const;
/** One of {@link ScsiOp}. */
export type ScsiOp = (typeof ScsiOp)[keyof typeof ScsiOp];

/** Service action of SERVICE ACTION IN(16) that makes it READ CAPACITY(16). SBC-3, 5.16. */
export const READ_CAPACITY_16 = 0x10;

/** Status codes. SAM-5, 5.3.1. */
export const ScsiStatus = {
  good: 0x00,
  checkCondition: 0x02,
  conditionMet: 0x04,
  busy: 0x08,
  reservationConflict: 0x18,
  taskSetFull: 0x28,
  taskAborted: 0x40,
} as const;
/** One of {@link ScsiStatus}. */
export type ScsiStatus = (typeof ScsiStatus)[keyof typeof ScsiStatus];

/** Sense keys. SPC-4, 4.5.6. */
export const SenseKey = {
  noSense: 0x0,
  recoveredError: 0x1,
  notReady: 0x2,
  mediumError: 0x3,
  hardwareError: 0x4,
  illegalRequest: 0x5,
  unitAttention: 0x6,
  dataProtect: 0x7,
  blankCheck: 0x8,
  copyAborted: 0xa,
  abortedCommand: 0xb,
  volumeOverflow: 0xd,
  miscompare: 0xe,
} as const;
/** One of {@link SenseKey}. */
export type SenseKey = (typeof SenseKey)[keyof typeof SenseKey];

/** Additional sense codes as `ASC << 8 | ASCQ`. SPC-4, annex D. */
export const Asc = {
  none: 0x0000,
  becomingReady: 0x0401,
  writeError: 0x0c00,
  unrecoveredReadError: 0x1100,
  parameterListLength: 0x1a00,
  invalidOpcode: 0x2000,
  lbaOutOfRange: 0x2100,
  invalidFieldInCdb: 0x2400,
  lunNotSupported: 0x2500,
  invalidFieldInParameterList: 0x2600,
  spaceAllocationFailed: 0x2707,
  powerOn: 0x2900,
  busDeviceReset: 0x2903,
  capacityChanged: 0x2a09,
  savingNotSupported: 0x3900,
  reportedLunsChanged: 0x3f0e,
  internalTargetFailure: 0x4400,
  dataPhaseError: 0x4b00,
} as const;
/** One of {@link Asc}. */
export type Asc = (typeof Asc)[keyof typeof Asc];

/** Vital product data pages. SPC-4, 7.8 and SBC-3, 6.6. */
export const VpdPage = {
  supportedPages: 0x00,
  unitSerialNumber: 0x80,
  deviceIdentification: 0x83,
  blockLimits: 0xb0,
  provisioning: 0xb2,
} as const;

/** Mode page of the write cache. SBC-3, 6.5.6. */
export const CACHING_MODE_PAGE = 0x08;

/** Bytes of fixed format sense data. SPC-4, 4.5.3. */
const FIXED_SENSE_BYTES = 18;

/** Standard INQUIRY data. SPC-4, 6.4.2. */
export const inquiryData = layout('inquiryData', 36, {
  /** Peripheral qualifier (7:5) and device type (4:0). */
  peripheral: u8(0),
  version: u8(2),
  /** NORMACA, HISUP, response data format. */
  format: u8(3),
  additionalLength: u8(4),
  /** Bit 1: commands are queued (CMDQUE). */
  flags7: u8(7),
  vendor: ascii(8, 8),
  product: ascii(16, 16),
  revision: ascii(32, 4),
});

/** READ CAPACITY(10) data. SBC-3, 5.15.2. */
export const capacity10 = layout('capacity10', 8, {
  /** Last LBA, or FFFFFFFFh when READ CAPACITY(16) must be asked. */
  lastLba: be32(0),
  blockBytes: be32(4),
});

/** READ CAPACITY(16) data. SBC-3, 5.16.2. */
export const capacity16 = layout('capacity16', 32, {
  lastLba: be64(0),
  blockBytes: be32(8),
  protection: u8(12),
  /** Bits 3:0: physical blocks hold 2^n logical blocks. */
  exponents: u8(13),
  /** Bit 15 LBPME, bit 14 LBPRZ, 13:0 lowest aligned LBA. */
  alignment: be16(14),
});

/** Block Limits VPD page. SBC-3, 6.6.3. */
export const blockLimitsPage = layout('blockLimitsPage', 64, {
  page: u8(1),
  pageLength: be16(2),
  /** Bit 0 (WSNZ): a WRITE SAME of 0 blocks is refused. */
  flags4: u8(4),
  optimalGranularity: be16(6),
  /** Most blocks of one transfer; 0 for no limit. */
  maxTransfer: be32(8),
  optimalTransfer: be32(12),
  /** Most blocks of one UNMAP, all its descriptors together; FFFFFFFFh for no limit, 0 when there is no UNMAP. */
  maxUnmapBlocks: be32(20),
  /** Most descriptors of one UNMAP. */
  maxUnmapDescriptors: be32(24),
  /** Blocks that are unmapped together. */
  unmapGranularity: be32(28),
  /** Bit 31 (UGAVALID), then the first block that begins a granule. */
  unmapAlignment: be32(32),
  /** Most blocks of one WRITE SAME; 0 for no limit. */
  maxWriteSame: be64(36),
});

/** Length of a CDB by the group of its operation code; 0 for vendor and variable length groups. SPC-4, 4.2.5.1. */
export function cdbLength(opcode: number): number {
  return CDB_LENGTHS[(opcode >>> 5) & 7]!;
}

const CDB_LENGTHS = [6, 10, 10, 0, 16, 12, 0, 0] as const;

/** The block range that a read, write, write same or cache command names. Reused: it belongs to whoever parses. */
export class CdbRange {
  /** First block; 2^53 stands for all beyond. */
  lba = 0;
  /** Number of blocks. */
  blocks = 0;
  /** Force unit access. */
  fua = false;
  /** RDPROTECT or WRPROTECT. */
  protect = 0;

  /** Reads the range from a READ, WRITE or SYNCHRONIZE CACHE of 6, 10, 12 or 16 bytes. SBC-3, 5.11 to 5.35. */
  parse(cdb: Uint8Array): void {
    const flags = cdb[1]!;
    this.protect = flags >>> 5;
    this.fua = (flags & 0x08) !== 0;
    switch (cdbLength(cdb[0]!)) {
      case 6:
        this.lba = ((flags & 0x1f) << 16) | (cdb[2]! << 8) | cdb[3]!;
        this.blocks = cdb[4] === 0 ? 256 : cdb[4]!;
        this.fua = false;
        this.protect = 0;
        break;
      case 10:
        this.lba = get32(cdb, 2);
        this.blocks = (cdb[7]! << 8) | cdb[8]!;
        break;
      case 12:
        this.lba = get32(cdb, 2);
        this.blocks = get32(cdb, 6);
        break;
      default:
        this.lba = addressOf(get32(cdb, 6), get32(cdb, 2));
        this.blocks = get32(cdb, 10);
    }
  }
}

/** Most blocks and last LBA of a 10-byte read or write. */
const RW10_MAX_BLOCKS = 0xffff;

/** Builds the shortest of READ/WRITE (10) and (16) that can name the range. SBC-3, 5.12, 5.14, 5.33, 5.35. */
export function buildReadWrite(
  cdb: Uint8Array,
  write: boolean,
  lba: number,
  blocks: number,
  fua: boolean,
): void {
  cdb.fill(0);
  cdb[1] = fua ? 0x08 : 0;
  if (lba <= 0xffff_ffff && blocks <= RW10_MAX_BLOCKS) {
    cdb[0] = write ? ScsiOp.write10 : ScsiOp.read10;
    put32(cdb, 2, lba);
    cdb[7] = blocks >>> 8;
    cdb[8] = blocks & 0xff;
  } else {
    cdb[0] = write ? ScsiOp.write16 : ScsiOp.read16;
    put32(cdb, 2, Math.floor(lba / 0x1_0000_0000));
    put32(cdb, 6, lba >>> 0);
    put32(cdb, 10, blocks);
  }
}

/** Builds SYNCHRONIZE CACHE(10) over the whole unit. SBC-3, 5.22. */
export function buildSynchronizeCache(cdb: Uint8Array): void {
  cdb.fill(0);
  cdb[0] = ScsiOp.synchronizeCache10;
}

/** Builds INQUIRY; a page code of -1 asks for the standard data. SPC-4, 6.4. */
export function buildInquiry(cdb: Uint8Array, page: number, allocationLength: number): void {
  cdb.fill(0);
  cdb[0] = ScsiOp.inquiry;
  if (page >= 0) {
    cdb[1] = 1;
    cdb[2] = page;
  }
  cdb[3] = allocationLength >>> 8;
  cdb[4] = allocationLength & 0xff;
}

/** Builds READ CAPACITY(10). SBC-3, 5.15. */
export function buildReadCapacity10(cdb: Uint8Array): void {
  cdb.fill(0);
  cdb[0] = ScsiOp.readCapacity10;
}

/** Builds READ CAPACITY(16). SBC-3, 5.16. */
export function buildReadCapacity16(cdb: Uint8Array): void {
  cdb.fill(0);
  cdb[0] = ScsiOp.serviceActionIn16;
  cdb[1] = READ_CAPACITY_16;
  put32(cdb, 10, capacity16.byteLength);
}

/** Builds MODE SENSE(6) of current values, without block descriptors. SPC-4, 6.11. */
export function buildModeSense6(cdb: Uint8Array, page: number, allocationLength: number): void {
  cdb.fill(0);
  cdb[0] = ScsiOp.modeSense6;
  cdb[1] = 0x08;
  cdb[2] = page;
  cdb[4] = allocationLength;
}

/** Builds TEST UNIT READY. SPC-4, 6.47. */
export function buildTestUnitReady(cdb: Uint8Array): void {
  cdb.fill(0);
}

/**
 * Builds fixed format sense data; its length. SPC-4, 4.5.3.
 *
 * @param information LBA of the first block in error, or -1; left out when it needs more than 32 bits
 */
export function buildSense(
  sense: Uint8Array,
  key: SenseKey,
  asc: Asc,
  information: number,
): number {
  sense.fill(0, 0, FIXED_SENSE_BYTES);
  sense[0] = 0x70;
  sense[2] = key;
  if (information >= 0 && information <= 0xffff_ffff) {
    sense[0] = 0xf0;
    put32(sense, 3, information);
  }
  sense[7] = FIXED_SENSE_BYTES - 8;
  sense[12] = asc >>> 8;
  sense[13] = asc & 0xff;
  return FIXED_SENSE_BYTES;
}

/** The sense key of fixed (70h, 71h) or descriptor (72h, 73h) sense data; -1 when there is none. SPC-4, 4.5. */
export function senseKeyOf(sense: Uint8Array, length: number): number {
  const code = responseCode(sense, length);
  if (code === 0) return -1;
  return sense[code < 0x72 ? 2 : 1]! & 0xf;
}

/** `ASC << 8 | ASCQ` of sense data; 0 when there is none. SPC-4, 4.5. */
export function ascOf(sense: Uint8Array, length: number): number {
  const code = responseCode(sense, length);
  if (code === 0) return 0;
  if (code >= 0x72) return (sense[2]! << 8) | sense[3]!;
  return length >= 14 ? (sense[12]! << 8) | sense[13]! : 0;
}

function responseCode(sense: Uint8Array, length: number): number {
  if (length < 4) return 0;
  const code = sense[0]! & 0x7f;
  return code >= 0x70 && code <= 0x73 ? code : 0;
}

/** A big-endian 32-bit field. */
export function get32(from: Uint8Array, at: number): number {
  const low = (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!;
  return ((from[at]! << 24) | low) >>> 0;
}

/** Writes a big-endian 32-bit field. */
export function put32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = (value >>> 16) & 0xff;
  into[at + 2] = (value >>> 8) & 0xff;
  into[at + 3] = value & 0xff;
}
