/**
 * The partition table in the first block of a disk: four entries, and a chain of further ones inside an extended partition.
 * UEFI 2.10, 5.2.1 gives the layout.
 */
import { layout, u8, u16, u32 } from '../wire/layout.ts';

/** Bytes of a block that the table is in; the rest of a larger block is not of the table. */
const MBR_BYTES = 512;

/** The last two bytes of the first 512. */
const SIGNATURE = 0xaa55;

const mbr = layout('mbr', MBR_BYTES, { signature: u16(510) });

const mbrEntry = layout('mbr_entry', 16, {
  /** 80h for the partition that is booted, otherwise 0. */
  status: u8(0),
  type: u8(4),
  /** First logical block; in a chain, relative to something else. */
  start: u32(8),
  /** Logical blocks. */
  blocks: u32(12),
});

/** One of the four entries; all zeroes when it is not used. */
export interface MbrEntry {
  readonly type: number;
  readonly isBootable: boolean;
  /** First logical block. */
  readonly start: number;
  /** Logical blocks; 0 for an entry that is not used. */
  readonly blocks: number;
}

/** Type of the entry that keeps others off a disk with a GUID partition table. */
const PROTECTIVE = 0xee;

/** The four entries, or `undefined` when the block holds no table: without the signature, or with a status that no table has. */
export function parseMbr(block: Uint8Array): readonly MbrEntry[] | undefined {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < MBR_BYTES || mbr.signature.get(view, 0) !== SIGNATURE) return undefined;
  const at = [446, 462, 478, 494];
  if (at.some((base) => (mbrEntry.status.get(view, base) & 0x7f) !== 0)) return undefined;
  return at.map((base) => ({
    type: mbrEntry.type.get(view, base),
    isBootable: mbrEntry.status.get(view, base) === 0x80,
    start: mbrEntry.start.get(view, base),
    blocks: mbrEntry.type.get(view, base) === 0 ? 0 : mbrEntry.blocks.get(view, base),
  }));
}

/** Does this table say that the disk has a GUID partition table? */
export function isProtective(entries: readonly MbrEntry[]): boolean {
  return entries.some(({ type, start }) => type === PROTECTIVE && start === 1);
}

/** Is this the partition that holds the chain of logical ones, or the link to the next of the chain? */
export function isExtended({ type, blocks }: MbrEntry): boolean {
  return blocks > 0 && (type === 0x05 || type === 0x0f || type === 0x85);
}
