/** Identify data structures. NVMe Base 2.0, 5.17.2; NVM Command Set 1.0, 4.1.5. */
import { ascii, bits, bytes, layout, u8, u16, u32, u64 } from './layout.ts';

/** Bytes of every Identify data structure. */
export const IDENTIFY_BYTES = 4096;

/** Identify Controller (CNS 01h). NVMe Base 2.0, figure 275. */
export const identifyController = layout('identifyController', IDENTIFY_BYTES, {
  vid: u16(0),
  ssvid: u16(2),
  /** Serial number. */
  sn: ascii(4, 20),
  /** Model number. */
  mn: ascii(24, 40),
  /** Firmware revision. */
  fr: ascii(64, 8),
  /** Recommended arbitration burst as a power of two. */
  rab: u8(72),
  ieee: bytes(73, 3),
  cmic: u8(76),
  /** Maximum data transfer: `minimum page size << mdts` bytes, 0 for no limit. */
  mdts: u8(77),
  cntlid: u16(78),
  ver: u32(80),
  oaes: u32(92),
  ctratt: u32(96),
  cntrltype: u8(111),
  fguid: bytes(112, 16),
  oacs: u16(256),
  /** Abort command limit, zero-based. */
  acl0: u8(258),
  /** Asynchronous event request limit, zero-based. */
  aerl0: u8(259),
  frmw: u8(260),
  lpa: u8(261),
  /** Error log page entries, zero-based. */
  elpe0: u8(262),
  npss: u8(263),
  avscc: u8(264),
  apsta: u8(265),
  wctemp: u16(266),
  cctemp: u16(268),
  mtfa: u16(270),
  /** Total and unallocated bytes of NVM; the low 8 of 16. */
  tnvmcap: u64(280),
  unvmcap: u64(296),
  /** Minutes of the extended self-test. */
  edstt: u16(316),
  /** Firmware update granularity in units of 4 KiB. */
  fwug: u8(319),
  kas: u16(320),
  /** Sanitize actions: bit 0 cryptographic erase, bit 1 block erase, bit 2 overwrite. */
  sanicap: u32(328),
  sqes: u8(512),
  cqes: u8(513),
  maxcmd: u16(514),
  /** Number of namespaces: the largest valid namespace id. */
  nn: u32(516),
  oncs: u16(520),
  fuses: u16(522),
  fna: u8(524),
  /** Volatile write cache: bit 0 present, bits 2:1 how Flush treats the broadcast namespace id. */
  vwc: u8(525),
  awun0: u16(526),
  awupf0: u16(528),
  icsvscc: u8(530),
  nwpc: u8(531),
  acwu0: u16(532),
  /** Source range formats of Copy, as a bit set. */
  ocfs: u16(534),
  sgls: u32(536),
  mnan: u32(540),
  subnqn: ascii(768, 256, 0),
  /** Maximum power of power state 0, in units of 10 mW. */
  psd0Mp: u16(2048),
});

/** Identify Namespace of the NVM command set (CNS 00h). NVM Command Set 1.0, figure 97. */
export const identifyNamespace = layout('identifyNamespace', IDENTIFY_BYTES, {
  /** Size in logical blocks. */
  nsze: u64(0),
  ncap: u64(8),
  nuse: u64(16),
  nsfeat: u8(24),
  /** Number of LBA formats, zero-based. */
  nlbaf0: u8(25),
  /** Formatted LBA size: bits 3:0 the index of the format, bit 4 metadata is interleaved. */
  flbas: u8(26),
  mc: u8(27),
  dpc: u8(28),
  dps: u8(29),
  nmic: u8(30),
  rescap: u8(31),
  fpi: u8(32),
  dlfeat: u8(33),
  nawun0: u16(34),
  nawupf0: u16(36),
  nacwu0: u16(38),
  nabsn0: u16(40),
  nabo: u16(42),
  nabspf0: u16(44),
  noiob: u16(46),
  nvmcap: bytes(48, 16),
  npwg0: u16(64),
  npwa0: u16(66),
  npdg0: u16(68),
  npda0: u16(70),
  nows0: u16(72),
  mssrl: u16(74),
  mcl: u32(76),
  msrc0: u8(80),
  anagrpid: u32(92),
  nsattr: u8(99),
  nvmsetid: u16(100),
  endgid: u16(102),
  nguid: bytes(104, 16),
  eui64: bytes(120, 8),
  /** The first LBA format; format `i` lies {@link LBA_FORMAT_BYTES} times `i` after it. */
  lbaf0Ms: bits(128, 0, 16),
  /** LBA data size of format 0 as a power of two. */
  lbaf0Lbads: bits(128, 16, 8),
  /** Relative performance of format 0. */
  lbaf0Rp: bits(128, 24, 2),
});

/** Where the LBA formats begin in Identify Namespace. */
export const LBA_FORMATS_AT = 128;
/** Bytes of one LBA format. */
export const LBA_FORMAT_BYTES = 4;

/** One LBA format. NVM Command Set 1.0, figure 98. */
export const lbaFormat = layout('lbaFormat', LBA_FORMAT_BYTES, {
  /** Metadata bytes per logical block. */
  ms: u16(0),
  /** Logical block size as a power of two. */
  lbads: u8(2),
  /** Relative performance, 0 the best. */
  rp: u8(3),
});

/** Identify Namespace of the NVM command set alone (CNS 05h). NVM Command Set 1.0, figure 100. */
export const nvmNamespace = layout('nvmNamespace', IDENTIFY_BYTES, {
  /** Storage tag mask. */
  lbstm: u64(0),
  /** Protection information capabilities. */
  pic: u8(8),
  /** The first extended LBA format, 4 bytes before the next: storage tag size, then the guard (0: 16 bits, 1: 32 bits, 2: 64 bits). */
  elbaf0Sts: bits(12, 0, 7),
  elbaf0Pif: bits(12, 7, 2),
});

/** How many namespace ids a list (CNS 02h) holds; 0 ends it. */
export const NAMESPACE_LIST_ENTRIES = 1024;

/** First entry of a namespace list; entry `i` lies `4 * i` bytes after it. NVMe Base 2.0, 5.17.2.2. */
export const namespaceList = layout('namespaceList', IDENTIFY_BYTES, { first: u32(0) });

/** Number of entries of a controller list, and its first one; entry `i` lies `2 * i` bytes after it. NVMe Base 2.0, 4.4.1. */
export const controllerList = layout('controllerList', IDENTIFY_BYTES, {
  count: u16(0),
  first: u16(2),
});
/** Most entries of a controller list. */
export const CONTROLLER_LIST_ENTRIES = 2047;

/** Completion dword 0 of an asynchronous event, as one word. NVMe Base 2.0, figure 146. */
export const asyncEvent = layout('asyncEvent', 4, {
  type: bits(0, 0, 3),
  info: bits(0, 8, 8),
  logPage: bits(0, 16, 8),
});

/** OACS of Identify Controller: optional admin commands. NVMe Base 2.0, figure 275. */
export const Oacs = {
  formatNvm: 1 << 1,
  firmware: 1 << 2,
  /** Namespace Management and Namespace Attachment. */
  namespaceManagement: 1 << 3,
  selfTest: 1 << 4,
  directives: 1 << 5,
  doorbellBuffer: 1 << 8,
} as const;

/** ONCS of Identify Controller: optional NVM commands and what belongs to them. NVMe Base 2.0, figure 275. */
export const Oncs = {
  compare: 1 << 0,
  writeUncorrectable: 1 << 1,
  datasetManagement: 1 << 2,
  writeZeroes: 1 << 3,
  /** The select field of Get Features and the save field of Set Features. */
  select: 1 << 4,
  timestamp: 1 << 6,
  verify: 1 << 7,
  copy: 1 << 8,
} as const;

/** FUSES of Identify Controller: Compare and Write. */
export const FUSES_COMPARE_WRITE = 1;
