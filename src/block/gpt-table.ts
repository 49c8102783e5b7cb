/** The GUID partition table: its header and its entries. UEFI 2.10, 5.3. */
import { crc32 } from '../base/crc32.ts';
import { ascii, type Bytes, bytes, layout, u32, u64 } from '../wire/layout.ts';

/** The header at logical block 1, and its copy at the last one. */
export const gptHeader = layout('gpt_header', 92, {
  signature: ascii(0, 8),
  revision: u32(8),
  headerBytes: u32(12),
  /** CRC-32 of the header with zeroes here. */
  headerCrc: u32(16),
  /** Where this header itself lies. */
  myLba: u64(24),
  alternateLba: u64(32),
  firstUsableLba: u64(40),
  lastUsableLba: u64(48),
  diskGuid: bytes(56, 16),
  entriesLba: u64(72),
  entryCount: u32(80),
  entryBytes: u32(84),
  entriesCrc: u32(88),
});

/** One entry; only the first 128 bytes have a meaning. */
export const gptEntry = layout('gpt_entry', 128, {
  /** All zeroes for an entry that is not used. */
  type: bytes(0, 16),
  guid: bytes(16, 16),
  firstLba: u64(32),
  /** The last block belongs to the partition. */
  lastLba: u64(40),
  attributes: u64(48),
  /** UTF-16, little-endian, ended by a zero when it is shorter than 36 units. */
  name: bytes(56, 72),
});

/** Most bytes of an array of entries: 64 times what the specification asks for. */
const MAX_GPT_ENTRIES_BYTES = 1 << 20;

/** A header that holds together. */
export interface GptHeader {
  readonly diskGuid: string;
  readonly firstUsableLba: number;
  readonly lastUsableLba: number;
  readonly entriesLba: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly entriesCrc: number;
}

/** An entry that is used. */
export interface GptEntry {
  /** Its place in the array, from 1. */
  readonly number: number;
  readonly type: string;
  readonly guid: string;
  readonly firstLba: number;
  readonly lastLba: number;
  readonly name: string;
}

/**
 * The header in `block`, which was read at `lba` of a device whose last block is `lastLba`; otherwise what is wrong with it.
 *
 * Nothing that it says is believed before its CRC is right, and nothing that names blocks outside of the device.
 */
export function parseGptHeader(
  block: Uint8Array,
  lba: number,
  lastLba: number,
): GptHeader | string {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (gptHeader.signature.get(view, 0) !== 'EFI PART') return 'no signature';
  const headerBytes = gptHeader.headerBytes.get(view, 0);
  if (headerBytes < gptHeader.byteLength || headerBytes > block.length) return 'size of the header';
  const copy = block.slice(0, headerBytes);
  copy.fill(0, gptHeader.headerCrc.at, gptHeader.headerCrc.at + 4);
  if (crc32(copy, 0, headerBytes) !== gptHeader.headerCrc.get(view, 0)) return 'CRC of the header';
  if (gptHeader.myLba.get(view, 0) !== lba) return 'place of the header';
  const firstUsableLba = gptHeader.firstUsableLba.get(view, 0);
  const lastUsableLba = gptHeader.lastUsableLba.get(view, 0);
  if (firstUsableLba > lastUsableLba || lastUsableLba > lastLba) return 'usable blocks';
  const entryCount = gptHeader.entryCount.get(view, 0);
  const entryBytes = gptHeader.entryBytes.get(view, 0);
  // 128 times a power of two.
  const isSize = entryBytes >= 128 && entryBytes % 128 === 0 && isPowerOfTwo(entryBytes);
  if (!isSize || entryCount === 0) return 'size of the entries';
  const arrayBytes = entryCount * entryBytes;
  if (arrayBytes > MAX_GPT_ENTRIES_BYTES) return 'size of the entries';
  const entriesLba = gptHeader.entriesLba.get(view, 0);
  const entriesEnd = entriesLba + Math.ceil(arrayBytes / block.length);
  if (entriesLba < 2 || entriesEnd - 1 > lastLba) return 'place of the entries';
  return {
    diskGuid: guidText(gptHeader.diskGuid, view, 0),
    firstUsableLba,
    lastUsableLba,
    entriesLba,
    entryCount,
    entryBytes,
    entriesCrc: gptHeader.entriesCrc.get(view, 0),
  };
}

/** The entries that are used and lie inside the usable blocks; `undefined` when the CRC of the array is wrong. */
export function parseGptEntries(
  header: GptHeader,
  array: Uint8Array,
): { entries: readonly GptEntry[]; faults: readonly string[] } | undefined {
  const { entryCount, entryBytes } = header;
  if (crc32(array, 0, entryCount * entryBytes) !== header.entriesCrc) return undefined;
  const view = new DataView(array.buffer, array.byteOffset, array.byteLength);
  const entries: GptEntry[] = [];
  const faults: string[] = [];
  for (let i = 0; i < entryCount; i++) {
    const base = i * entryBytes;
    if (gptEntry.type.get(view, base).every((byte) => byte === 0)) continue;
    const firstLba = gptEntry.firstLba.get(view, base);
    const lastLba = gptEntry.lastLba.get(view, base);
    const isInside =
      firstLba >= header.firstUsableLba && firstLba <= lastLba && lastLba <= header.lastUsableLba;
    if (!isInside) {
      faults.push(`entry ${i + 1} lies outside of the usable blocks`);
      continue;
    }
    entries.push({
      number: i + 1,
      type: guidText(gptEntry.type, view, base),
      guid: guidText(gptEntry.guid, view, base),
      firstLba,
      lastLba,
      name: nameText(gptEntry.name.get(view, base)),
    });
  }
  return { entries, faults };
}

/** A GUID as it is written: the first three groups are little-endian numbers. UEFI 2.10, appendix A. */
function guidText(field: Bytes, view: DataView, base: number): string {
  const raw = field.get(view, base);
  const order = [3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15];
  const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');
  return order.map((at) => (at < 0 ? '-' : hex(raw[at]!))).join('');
}

function nameText(raw: Uint8Array): string {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) {
    const unit = raw[i]! | (raw[i + 1]! << 8);
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}
