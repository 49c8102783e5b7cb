/** DATA SET MANAGEMENT with TRIM, queued and not. ACS-3, 7.5 and 7.47. */
import { AtaCommand, buildCommandFis, FIS_BYTES } from './ata.ts';

/** Bytes of a list of ranges: one block, which is all that is used here. */
export const TRIM_LIST_BYTES = 512;
/** Ranges of a list. */
export const TRIM_RANGES = 64;
/** Most sectors of one range. */
export const TRIM_RANGE_SECTORS = 0xffff;

/** Log of what SEND FPDMA QUEUED can do. ACS-3, annex A (NCQ Send and Receive log). */
export const NCQ_SEND_LOG = 0x13;

/** TRIM bit of the features of DATA SET MANAGEMENT, and of the auxiliary field when it is queued. */
const TRIM_BIT = 0x01;
/** Subcommand of SEND FPDMA QUEUED that makes it a DATA SET MANAGEMENT. */
const SEND_DATA_SET_MANAGEMENT = 0x00;
const LBA_BIT = 0x40;

/** Writes the list of one range, cut into pieces of 65,535 sectors. ACS-3, 7.5.4. */
export function putTrimList(into: Uint8Array, lba: number, count: number): void {
  into.fill(0, 0, TRIM_LIST_BYTES);
  let first = lba;
  let left = count;
  for (let at = 0; at < TRIM_LIST_BYTES && left > 0; at += 8) {
    const sectors = Math.min(left, TRIM_RANGE_SECTORS);
    const high = Math.floor(first / 0x100_0000);
    into[at] = first & 0xff;
    into[at + 1] = (first >>> 8) & 0xff;
    into[at + 2] = (first >>> 16) & 0xff;
    into[at + 3] = high & 0xff;
    into[at + 4] = (high >>> 8) & 0xff;
    into[at + 5] = (high >>> 16) & 0xff;
    into[at + 6] = sectors & 0xff;
    into[at + 7] = sectors >>> 8;
    first += sectors;
    left -= sectors;
  }
}

/** First sector of the range that begins at byte `at` of a list. */
export function trimLba(list: Uint8Array, at: number): number {
  const low = list[at]! | (list[at + 1]! << 8) | (list[at + 2]! << 16);
  const high = list[at + 3]! | (list[at + 4]! << 8) | (list[at + 5]! << 16);
  return high * 0x100_0000 + low;
}

/** Sectors of the range that begins at byte `at` of a list; 0 for none. */
export function trimCount(list: Uint8Array, at: number): number {
  return list[at + 6]! | (list[at + 7]! << 8);
}

/** Fills the frame of a TRIM with a list of one block. */
export function buildTrimFis(fis: Uint8Array): void {
  buildCommandFis(fis, AtaCommand.dataSetManagement, 0, 1, TRIM_BIT, LBA_BIT);
}

/** Fills the frame of a queued TRIM with a list of one block. */
export function buildQueuedTrimFis(fis: Uint8Array, tag: number): void {
  const count = (SEND_DATA_SET_MANAGEMENT << 8) | (tag << 3);
  buildCommandFis(fis, AtaCommand.sendFpdmaQueued, 0, count, 1, LBA_BIT);
  fis[16] = TRIM_BIT;
}

/** Is a DATA SET MANAGEMENT frame a TRIM with a list of one block? */
export function isTrim(fis: Uint8Array): boolean {
  return fis[3] === TRIM_BIT && fis[11] === 0 && fis[12] === 1 && fis[13] === 0;
}

/** Is a SEND FPDMA QUEUED frame a TRIM with a list of one block? */
export function isQueuedTrim(fis: Uint8Array): boolean {
  const isTrimming = fis[16] === TRIM_BIT && fis[17] === 0 && fis[18] === 0 && fis[19] === 0;
  return fis.length >= FIS_BYTES && isTrimming && fis[13] === 0 && fis[3] === 1 && fis[11] === 0;
}

/** Writes the log of what SEND FPDMA QUEUED can do: TRIM. */
export function buildNcqSendLog(into: Uint8Array): void {
  into.fill(0, 0, 512);
  into[0] = 1;
  into[4] = TRIM_BIT;
}

/** Does the log say that TRIM can be queued? */
export function canQueueTrim(log: Uint8Array): boolean {
  return (log[0]! & 1) !== 0 && (log[4]! & TRIM_BIT) !== 0;
}
