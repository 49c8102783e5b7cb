/** PCI configuration space: the type-0 header and the capabilities that an NVMe function has. PCI Local Bus 3.0, 6; PCIe 4.0, 7. */
import { bits, flag, layout, u8, u16, u32 } from './layout.ts';

/** Bytes of conventional configuration space. */
export const PCI_CONFIG_BYTES = 256;

/** Byte offsets in the type-0 header. */
export const PciRegister = {
  vendorId: 0x00,
  deviceId: 0x02,
  command: 0x04,
  status: 0x06,
  revisionId: 0x08,
  classCode: 0x09,
  cacheLineSize: 0x0c,
  headerType: 0x0e,
  bar0: 0x10,
  bar1: 0x14,
  subsystemVendorId: 0x2c,
  subsystemId: 0x2e,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const;

/** Bits of the command register. */
export const PciCommand = { memory: 0x0002, busMaster: 0x0004, intxDisable: 0x0400 } as const;

/** Class code of an NVMe I/O controller: base class, sub-class, programming interface. */
export const NVME_CLASS_CODE = 0x01_08_02;

/** Capability identifiers. */
export const PciCapability = {
  powerManagement: 0x01,
  msi: 0x05,
  pciExpress: 0x10,
  msix: 0x11,
} as const;

/** Type-0 header. */
export const pciHeader = layout('pciHeader', 0x40, {
  vendorId: u16(0x00),
  deviceId: u16(0x02),
  command: u16(0x04),
  status: u16(0x06),
  revisionId: u8(0x08),
  progIf: u8(0x09),
  subClass: u8(0x0a),
  baseClass: u8(0x0b),
  cacheLineSize: u8(0x0c),
  latencyTimer: u8(0x0d),
  headerType: u8(0x0e),
  bist: u8(0x0f),
  bar0: u32(0x10),
  bar1: u32(0x14),
  bar2: u32(0x18),
  bar3: u32(0x1c),
  bar4: u32(0x20),
  bar5: u32(0x24),
  cardbusCis: u32(0x28),
  subsystemVendorId: u16(0x2c),
  subsystemId: u16(0x2e),
  romBar: u32(0x30),
  capabilities: u8(0x34),
  interruptLine: u8(0x3c),
  interruptPin: u8(0x3d),
  minGrant: u8(0x3e),
  maxLatency: u8(0x3f),
});

/** MSI-X capability. PCI Local Bus 3.0, 6.8.2. */
export const msixCapability = layout('msixCapability', 12, {
  id: u8(0),
  next: u8(1),
  /** Table size, zero-based. */
  tableSize0: bits(0, 16, 11),
  /** All vectors are masked. */
  functionMask: flag(0, 30),
  enable: flag(0, 31),
  /** Which BAR holds the table. */
  tableBir: bits(4, 0, 3),
  /** Offset of the table in units of 8 bytes. */
  tableOffset8: bits(4, 3, 29),
  pbaBir: bits(8, 0, 3),
  pbaOffset8: bits(8, 3, 29),
});

/** Bytes of an MSI-X table entry. */
export const MSIX_ENTRY_BYTES = 16;

/** MSI-X table entry. */
export const msixEntry = layout('msixEntry', MSIX_ENTRY_BYTES, {
  addressLo: u32(0),
  addressHi: u32(4),
  data: u32(8),
  masked: flag(12, 0),
});

/** Power management capability. PCI Power Management 1.2, 3.2. */
export const pmCapability = layout('pmCapability', 8, {
  id: u8(0),
  next: u8(1),
  pmc: u16(2),
  /** Power state D0..D3. */
  powerState: bits(4, 0, 2),
  /** D3hot to D0 keeps the state of the function. */
  noSoftReset: flag(4, 3),
});

/** PCI Express capability, version 2. PCIe 4.0, 7.5.3. */
export const pcieCapability = layout('pcieCapability', 0x3c, {
  id: u8(0),
  next: u8(1),
  /** Version 3:0, device and port type 7:4 (0 is an endpoint). */
  pcieCaps: u16(2),
  deviceCaps: u32(4),
  deviceControl: u16(8),
  deviceStatus: u16(10),
  linkCaps: u32(12),
  linkControl: u16(16),
  linkStatus: u16(18),
});

/** Device capabilities bit: function level reset is possible. */
export const PCIE_FLR_CAPABLE = 0x1000_0000;
/** Device control bit: starts a function level reset; reads as 0. */
export const PCIE_START_FLR = 0x8000;
