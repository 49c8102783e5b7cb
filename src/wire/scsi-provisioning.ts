/** SCSI commands that let go of blocks or fill them: UNMAP and WRITE SAME, with their parameter data. SBC-3. */
import { addressOf } from '../base/sg-list.ts';
import { be16, layout, u8 } from './layout.ts';
import { get32, put32, ScsiOp } from './scsi.ts';

/** Logical Block Provisioning VPD page. SBC-3, 6.6.4. */
export const provisioningPage = layout('provisioningPage', 8, {
  page: u8(1),
  pageLength: be16(2),
  thresholdExponent: u8(4),
  /** Bits of {@link ProvisioningBit}. */
  flags: u8(5),
  /** Bits 2:0: 0 not reported, 1 resource provisioned, 2 thin provisioned. */
  type: u8(6),
});

/** What the Logical Block Provisioning page says. SBC-3, 6.6.4. */
export const ProvisioningBit = {
  /** LBPU: UNMAP is supported. */
  unmap: 0x80,
  /** LBPWS: WRITE SAME(16) can unmap. */
  writeSame16: 0x40,
  /** LBPWS10: WRITE SAME(10) can unmap. */
  writeSame10: 0x20,
  /** LBPRZ: unmapped blocks read as zeroes. */
  readsZeroes: 0x04,
} as const;

/** Bits of byte 14 of READ CAPACITY(16) data. SBC-3, 5.16.2. */
export const CapacityBit = {
  /** LBPME: blocks can be unmapped. */
  managed: 0x80,
  /** LBPRZ: unmapped blocks read as zeroes. */
  readsZeroes: 0x40,
} as const;

/** Bits of byte 1 of WRITE SAME. SBC-3, 5.41 and 5.42. */
export const WriteSameBit = {
  /** NDOB, of WRITE SAME(16): there is no data, the blocks become zero. */
  noData: 0x01,
  unmap: 0x08,
  anchor: 0x10,
} as const;

/** Header of the UNMAP parameter list. SBC-3, 5.28.2. */
export const unmapHeader = layout('unmapHeader', 8, {
  dataLength: be16(0),
  descriptorLength: be16(2),
});

/** Bytes of one UNMAP block descriptor. SBC-3, 5.28.2. */
export const UNMAP_DESCRIPTOR_BYTES = 16;

/** Bytes of the parameter list of an UNMAP of one range. */
export const UNMAP_LIST_BYTES = unmapHeader.byteLength + UNMAP_DESCRIPTOR_BYTES;

/** Builds UNMAP with a parameter list of so many bytes. SBC-3, 5.28. */
export function buildUnmap(cdb: Uint8Array, listBytes: number): void {
  cdb.fill(0);
  cdb[0] = ScsiOp.unmap;
  cdb[7] = listBytes >>> 8;
  cdb[8] = listBytes & 0xff;
}

/** Writes the parameter list of an UNMAP of one range, {@link UNMAP_LIST_BYTES} long. SBC-3, 5.28.2. */
export function putUnmapList(into: Uint8Array, lba: number, blocks: number): void {
  into.fill(0, 0, UNMAP_LIST_BYTES);
  into[1] = UNMAP_LIST_BYTES - 2;
  into[3] = UNMAP_DESCRIPTOR_BYTES;
  put32(into, 8, Math.floor(lba / 0x1_0000_0000));
  put32(into, 12, lba >>> 0);
  put32(into, 16, blocks);
}

/** First block of the descriptor that begins at `at`; 2^53 stands for all beyond. */
export function unmapLba(list: Uint8Array, at: number): number {
  return addressOf(get32(list, at + 4), get32(list, at));
}

/** Number of blocks of the descriptor that begins at `at`. */
export function unmapBlocks(list: Uint8Array, at: number): number {
  return get32(list, at + 8);
}

/** Builds WRITE SAME(16), or (10) where that is wanted. SBC-3, 5.41 and 5.42. */
export function buildWriteSame(
  cdb: Uint8Array,
  isShort: boolean,
  lba: number,
  blocks: number,
  unmap: boolean,
): void {
  cdb.fill(0);
  cdb[0] = isShort ? ScsiOp.writeSame10 : ScsiOp.writeSame16;
  cdb[1] = unmap ? WriteSameBit.unmap : 0;
  if (isShort) {
    put32(cdb, 2, lba);
    cdb[7] = blocks >>> 8;
    cdb[8] = blocks & 0xff;
  } else {
    put32(cdb, 2, Math.floor(lba / 0x1_0000_0000));
    put32(cdb, 6, lba >>> 0);
    put32(cdb, 10, blocks);
  }
}
