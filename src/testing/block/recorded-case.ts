/** Recordings of a real block layer: one case a line, and the limits of the devices that they were made on. */
import { BioFlag, BioOp, DEFAULT_LIMITS, type QueueLimits } from '../../interfaces/bio.ts';

/** Physically contiguous memory: address, bytes, and for several runs the distance between them and their number. */
export type RecordedRun = readonly [address: number, bytes: number, step?: number, count?: number];

/** One event: time, action, blkparse's letters for the operation, range, who, and what the action adds. */
export type RecordedEvent = readonly [
  ns: number,
  action: string,
  rwbs: string,
  sector: number,
  sectors: number,
  role: string,
  extra?: RecordedExtra,
];

/** What an action adds to an event. */
export interface RecordedExtra {
  to?: number;
  depth?: number;
  err?: number;
  remap?: { from_dev: string; to_dev: string; from_sector: number };
}

/** What was submitted. */
export interface RecordedOp {
  op: string;
  phys?: readonly RecordedRun[];
  ret?: number;
  errno?: number;
}

/** A case with the limits of its device by their sysfs names. */
export interface RecordedCase {
  readonly name: string;
  readonly session: string | null;
  readonly device: string;
  readonly target?: string;
  readonly ops: readonly RecordedOp[];
  readonly events: readonly RecordedEvent[];
  /** Which views of the events were the same in a second recording, so that they are facts. */
  readonly stable: Readonly<Record<string, boolean>> | null;
  readonly queue: Readonly<Record<string, number | string>>;
}

/** Reads cases, one a line, and their limits (the text of `limits.json`). */
export function readBlockCases(lines: string, limitsJson: string): RecordedCase[] {
  const all: Record<string, Record<string, number | string>> = JSON.parse(limitsJson);
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => {
      const parsed = JSON.parse(line);
      return { ...parsed, queue: { ...all['common'], ...all[parsed.limits] } };
    });
}

/** A limit as a number; 0 when it is not given. */
export function numberOf(each: RecordedCase, name: string): number {
  return Number(each.queue[name] ?? 0);
}

/** The scheduler of a case: sysfs shows it in brackets. */
export function schedulerOf(each: RecordedCase): string {
  const text = String(each.queue['scheduler'] ?? 'none');
  return /\[(.*?)\]/.exec(text)?.[1] ?? text;
}

/** The most sectors of a request; sysfs rounds it down to KiB, so that 127 means 255 or 254. */
export function maxSectorsOf(each: RecordedCase): number[] {
  const kilobytes = numberOf(each, 'max_sectors_kb');
  return kilobytes === 127 ? [255, 254] : [kilobytes * 2];
}

/** The limits of the device; what sysfs does not show follows from what the device is. */
export function limitsOf(each: RecordedCase, maxSectors: number): QueueLimits {
  const isScsiDebug = each.session === 'sdbg' && !each.name.includes('clust');
  return {
    ...DEFAULT_LIMITS,
    logicalBlockSize: numberOf(each, 'logical_block_size'),
    physicalBlockSize: numberOf(each, 'physical_block_size'),
    maxSectors,
    maxSegments: numberOf(each, 'max_segments'),
    maxSegmentSize: numberOf(each, 'max_segment_size'),
    segBoundaryMask: isScsiDebug ? 0xfff : 0xffff_ffff,
    virtBoundaryMask: numberOf(each, 'virt_boundary_mask'),
    chunkSectors: numberOf(each, 'chunk_sectors'),
    maxDiscardSectors: Math.floor(numberOf(each, 'discard_max_bytes') / 512),
    discardGranularity: numberOf(each, 'discard_granularity'),
    discardAlignment: discardAlignmentOf(each),
    maxWriteZeroesSectors: Math.floor(numberOf(each, 'write_zeroes_max_bytes') / 512),
    writeCache: each.queue['write_cache'] === 'write back',
    fua: numberOf(each, 'fua') === 1,
  };
}

/** In bytes; a scsi_debug disk tells it by its name: `g8a3` for granules of 8 blocks that begin at block 3. */
function discardAlignmentOf(each: RecordedCase): number {
  const blocks = /-g\d+a(\d+)/.exec(each.name)?.[1] ?? '0';
  return Number(blocks) * numberOf(each, 'logical_block_size');
}

/** Tags of the device: with a scheduler `nr_requests` is twice that, but for the recordings of schedulers, which had one tag. */
export function queueDepthOf(each: RecordedCase): number {
  if (each.name.startsWith('sched/') && each.session !== 'sdbg') return 1;
  const requests = numberOf(each, 'nr_requests');
  return schedulerOf(each) === 'none' ? requests : Math.max(1, requests >> 1);
}

/** What `blkparse` prints for an operation. */
export function rwbsOf(op: BioOp, flags: number, sectorCount: number): string {
  const flush = (flags & BioFlag.preflush) !== 0 ? 'F' : '';
  const fua = (flags & BioFlag.fua) !== 0 ? 'F' : '';
  const ahead = (flags & BioFlag.ahead) !== 0 ? 'A' : '';
  const sync = (flags & BioFlag.sync) !== 0 ? 'S' : '';
  const meta = (flags & BioFlag.meta) !== 0 ? 'M' : '';
  return flush + letterOf(op, sectorCount) + fua + ahead + sync + meta;
}

function letterOf(op: BioOp, sectorCount: number): string {
  if (op === BioOp.discard) return 'D';
  if (op === BioOp.write || op === BioOp.writeZeroes) return 'W';
  return op === BioOp.read && sectorCount > 0 ? 'R' : 'N';
}

/** The flags that blkparse's letters name, and whether they are a write, a discard or a read. */
export function parseRwbs(rwbs: string): { op: BioOp; flags: number } {
  const match = /^(F?)([DWRN])(F?)(A?)(S?)(M?)$/.exec(rwbs);
  const [, flush = '', letter = 'N', fua = '', ahead = '', sync = '', meta = ''] = match ?? [];
  const flags =
    (flush === '' ? 0 : BioFlag.preflush) |
    (fua === '' ? 0 : BioFlag.fua) |
    (ahead === '' ? 0 : BioFlag.ahead) |
    (sync === '' ? 0 : BioFlag.sync) |
    (meta === '' ? 0 : BioFlag.meta);
  const op = letter === 'D' ? BioOp.discard : letter === 'R' ? BioOp.read : BioOp.write;
  return { op, flags };
}
