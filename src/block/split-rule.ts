/**
 * Where a bio is cut into requests: the rule of Linux 6.1, by every limit of the queue.
 *
 * First come the sectors: `chunkSectors` caps `maxSectors`, and the cut falls on a physical block where one lies within reach. Then the
 * memory segments are walked: their number, their size, the address boundaries that none may cross and the gaps that the virtual
 * boundary forbids. What is left is rounded down to the logical block. Discards are cut at multiples of their granularity.
 *
 * Does not model: bounce buffers. Memory whose segments are too small or too crooked to fill one logical block within the limits is refused.
 */
import type { SgList } from '../base/sg-list.ts';
import { type Bio, BioOp, type QueueLimits, SECTOR_BYTES } from '../interfaces/bio.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';

/** How far the parts of a bio have been taken: the next sector and the place in its data list. */
export interface BioCursor {
  /** Sectors of the bio that were taken. */
  sectorsTaken: number;
  /** Segment of the bio's list where the rest begins. */
  segment: number;
  /** Bytes of that segment that were taken. */
  segmentOffset: number;
}

/** Most sectors that a read or write at `sector` may have, before its memory is looked at. */
export function maxSectorsAt(limits: QueueLimits, sector: number): number {
  const physical = limits.physicalBlockSize / SECTOR_BYTES;
  let most = limits.maxSectors;
  if (limits.chunkSectors !== 0) {
    most = Math.min(most, limits.chunkSectors - (sector % limits.chunkSectors));
  }
  const start = sector % physical;
  const end = start + most - ((start + most) % physical);
  if (end > start) return end - start;
  return most - (most % (limits.logicalBlockSize / SECTOR_BYTES));
}

/** Bytes of a segment at address `lo` that fit into one segment of the queue. */
function segmentBytesAt(limits: QueueLimits, lo: number, length: number): number {
  // The mask has at most 32 bits, so that the low half of the address decides alone.
  const toBoundary = limits.segBoundaryMask - ((lo & limits.segBoundaryMask) >>> 0) + 1;
  return Math.min(length, toBoundary, limits.maxSegmentSize);
}

/**
 * Sectors of the next part of `bio` from `cursor` on; all that is left when no limit asks for a cut, and 0 when the memory cannot be
 * cut within the limits.
 */
export function nextPartSectors(limits: QueueLimits, bio: Bio, cursor: BioCursor): number {
  const left = bio.sectorCount - cursor.sectorsTaken;
  const sector = bio.sector + cursor.sectorsTaken;
  if (bio.op === BioOp.discard) return discardPart(limits, sector, left);
  if (bio.op === BioOp.writeZeroes) return Math.min(left, limits.maxWriteZeroesSectors);
  // What manages zones has no data, and is one request.
  if (bio.op !== BioOp.read && bio.op !== BioOp.write) return left;
  if (fitsOnePage(limits, bio.data)) return left;
  const most = Math.min(maxSectorsAt(limits, sector), left);
  const bytes = bytesWithinSegments(limits, bio.data, cursor, most * SECTOR_BYTES);
  return (bytes - (bytes % limits.logicalBlockSize)) / SECTOR_BYTES;
}

/** Moves the cursor on by `sectors` and adds their memory to `into`, cut where a segment of the queue ends. */
export function takePart(
  limits: QueueLimits,
  bio: Bio,
  cursor: BioCursor,
  sectors: number,
  into: SgList,
): void {
  cursor.sectorsTaken += sectors;
  if (bio.op !== BioOp.read && bio.op !== BioOp.write) return;
  const { data } = bio;
  let left = sectors * SECTOR_BYTES;
  while (left > 0) {
    const have = data.lengths[cursor.segment]! - cursor.segmentOffset;
    if (have === 0) {
      cursor.segment += 1;
      cursor.segmentOffset = 0;
      continue;
    }
    const lo = data.lo[cursor.segment]! + cursor.segmentOffset;
    const carry = lo > 0xffff_ffff ? 1 : 0;
    const take = segmentBytesAt(limits, lo >>> 0, Math.min(have, left));
    into.push(lo >>> 0, data.hi[cursor.segment]! + carry, take);
    cursor.segmentOffset += take;
    left -= take;
  }
}

/** May the second segment follow the first without a gap that the virtual boundary forbids? */
export function isWithoutGap(limits: QueueLimits, endLo: number, nextLo: number): boolean {
  return ((endLo | nextLo) & limits.virtBoundaryMask) === 0;
}

/** One segment inside one page is never cut, not even to end on a physical block: only the chunk may cut it. */
function fitsOnePage(limits: QueueLimits, data: SgList): boolean {
  if (limits.chunkSectors !== 0 || data.count !== 1) return false;
  return (data.lo[0]! & (PAGE_BYTES - 1)) + data.lengths[0]! <= PAGE_BYTES;
}

function bytesWithinSegments(
  limits: QueueLimits,
  data: SgList,
  cursor: BioCursor,
  mostBytes: number,
): number {
  let offset = cursor.segmentOffset;
  let bytes = 0;
  let segments = 0;
  let endLo = 0;
  for (let i = cursor.segment; bytes < mostBytes; i++) {
    const have = data.lengths[i]! - offset;
    let lo = (data.lo[i]! + offset) >>> 0;
    offset = 0;
    if (have === 0) continue;
    if (segments > 0 && !isWithoutGap(limits, endLo, lo)) return bytes;
    let left = Math.min(have, mostBytes - bytes);
    while (left > 0) {
      if (segments === limits.maxSegments) return bytes;
      const take = segmentBytesAt(limits, lo, left);
      segments += 1;
      bytes += take;
      left -= take;
      lo = (lo + take) >>> 0;
      // A segment that ends off the boundary must be the last one.
      if (left > 0 && (lo & limits.virtBoundaryMask) !== 0) return bytes;
    }
    endLo = lo;
  }
  return bytes;
}

function discardPart(limits: QueueLimits, sector: number, left: number): number {
  const granularity = Math.max(1, Math.floor(limits.discardGranularity / SECTOR_BYTES));
  const most = limits.maxDiscardSectors - (limits.maxDiscardSectors % granularity);
  if (most === 0 || left <= most) return Math.min(left, limits.maxDiscardSectors);
  // A cut off the granularity would leave a piece that the device ignores.
  const alignment = (limits.discardAlignment / SECTOR_BYTES) % granularity;
  const over = (sector + most - alignment) % granularity;
  return most > over ? most - over : most;
}
