/** Zones on the wire: reports, descriptors, actions, and Identify of the Zoned Namespace command set. Zoned Namespaces 1.1, 2 to 4. */

import { bits, bytes, layout, u8, u16, u32, u64 } from './layout.ts';
import { IDENTIFY_BYTES } from './nvme-identify.ts';

/** States of a zone. Zoned Namespaces 1.1, 2.1.1.2. */
export const ZoneState = {
  empty: 1,
  implicitlyOpen: 2,
  explicitlyOpen: 3,
  closed: 4,
  readOnly: 13,
  full: 14,
  offline: 15,
} as const;
/** One of {@link ZoneState}. */
export type ZoneState = (typeof ZoneState)[keyof typeof ZoneState];

/** What Zone Management Send does (dword 13 bits 7:0). Zoned Namespaces 1.1, figure 43. */
export const ZoneSendAction = {
  close: 0x01,
  finish: 0x02,
  open: 0x03,
  reset: 0x04,
  offline: 0x05,
  /** The zone descriptor extension comes with the command. */
  setExtension: 0x10,
  /** Flush Explicit ZRWA Range: commits blocks of the random write area. */
  commit: 0x11,
} as const;

/** Bits of dword 13 of Zone Management Send. */
export const ZoneSendFlag = {
  /** All zones that the action can change; SLBA means nothing. */
  selectAll: 1 << 8,
  /** Open: give the zone a random write area (ZRWAA). */
  allocateZrwa: 1 << 9,
} as const;

/** What Zone Management Receive returns (dword 13 bits 7:0). Zoned Namespaces 1.1, figure 36. */
export const ZoneReceiveAction = {
  report: 0x00,
  /** With the zone descriptor extensions. */
  extendedReport: 0x01,
} as const;

/** Zone Management Receive, dword 13: the count of zones is that of the descriptors in the report. */
export const ZONE_REPORT_PARTIAL = 1 << 16;

/** Which zones a report lists (dword 13 bits 15:8): the state by number, {@link REPORTED_STATES}; 0 lists all. */
export const REPORTED_STATES: readonly (ZoneState | 0)[] = [
  0,
  ZoneState.empty,
  ZoneState.implicitlyOpen,
  ZoneState.explicitlyOpen,
  ZoneState.closed,
  ZoneState.full,
  ZoneState.readOnly,
  ZoneState.offline,
];

/** Bits of the zone attributes. Zoned Namespaces 1.1, figure 38. */
export const ZoneAttribute = {
  /** The zone has a random write area (ZRWAV). */
  zrwaValid: 1 << 3,
  /** The zone descriptor extension is set (ZDEV). */
  extensionValid: 1 << 7,
} as const;

/** Every zone must be written from its start on. */
export const ZONE_TYPE_SEQUENTIAL = 2;

/** Bytes of the header of a report, and of a zone descriptor without its extension. */
export const ZONE_REPORT_ENTRY_BYTES = 64;
/** Unit of the size of zone descriptor extensions (ZDES). */
export const ZONE_EXTENSION_UNIT = 64;

/** Header of a report of zones. Zoned Namespaces 1.1, figure 37. */
export const zoneReportHeader = layout('zoneReportHeader', ZONE_REPORT_ENTRY_BYTES, {
  /** Zones from the starting LBA on that match, or descriptors that follow in a partial report. */
  zoneCount: u64(0),
});

/** Zone descriptor. Zoned Namespaces 1.1, figure 38. */
export const zoneDescriptor = layout('zoneDescriptor', ZONE_REPORT_ENTRY_BYTES, {
  type: u8(0),
  /** Bits 7:4 are one of {@link ZoneState}. */
  state: bits(0, 12, 4),
  attributes: u8(2),
  attributesInfo: u8(3),
  /** Capacity in logical blocks. */
  zcap: u64(8),
  /** First logical block. */
  zslba: u64(16),
  /** Write pointer; all ones where it means nothing. */
  wp: u64(24),
});

/** Where the LBA format extensions begin in Identify Namespace of the command set. */
export const ZONED_FORMATS_AT = 2816;

/** Identify Namespace of the Zoned Namespace command set (CNS 05h, CSI 02h). Zoned Namespaces 1.1, figure 48. */
export const identifyZonedNamespace = layout('identifyZonedNamespace', IDENTIFY_BYTES, {
  zoc: u16(0),
  /** Optional: see {@link ZoneOption}. */
  ozcs: u16(2),
  /** Most active zones, zero-based; FFFFFFFFh for no limit. */
  mar0: u32(4),
  /** Most open zones, zero-based; FFFFFFFFh for no limit. */
  mor0: u32(8),
  rrl: u32(12),
  frl: u32(16),
  /** Random write areas that zones can have at once. */
  numzrwa: u32(44),
  /** Granularity of commits in logical blocks. */
  zrwafg: u16(48),
  /** Size of a random write area in logical blocks. */
  zrwas: u16(50),
  /** Bit 0: explicit commits are supported. */
  zrwacap: u8(52),
  /** Zone size of LBA format 0 in logical blocks. */
  lbafe0Zsze: u64(2816),
  /** Zone descriptor extension of LBA format 0 in units of 64 bytes. */
  lbafe0Zdes: u8(2824),
});

/** Bits of {@link identifyZonedNamespace}'s `ozcs`. */
export const ZoneOption = {
  /** Reads may cross zone boundaries. */
  readAcross: 1 << 0,
  /** Random write areas are supported. */
  zrwa: 1 << 1,
} as const;

/** Explicit commits of random write areas are supported. */
export const ZRWACAP_EXPLICIT = 1;

/** Identify Controller of the Zoned Namespace command set (CNS 06h, CSI 02h). Zoned Namespaces 1.1, figure 50. */
export const identifyZonedController = layout('identifyZonedController', IDENTIFY_BYTES, {
  /** Largest append: `minimum page size << zasl` bytes, 0 for that of MDTS. */
  zasl: u8(0),
  reserved: bytes(1, 7),
});
