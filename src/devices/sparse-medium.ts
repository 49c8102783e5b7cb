/**
 * A medium in memory: sparse sectors behind a volatile write cache that loses what it held when the power fails.
 *
 * What a power cut may leave of an atomic unit that was written since it was last durable is any one of its versions since then, chosen for
 * each unit alone: writes are lost, reordered and torn, but at the borders of units only. A unit is a sector unless the options say otherwise:
 * several sectors, or a part of one. A cache that is full becomes durable as a whole.
 *
 * Does not model: bits that fade, remapping.
 */
import { ConfigError } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { type Medium, MediumStatus } from '../interfaces/medium.ts';
import type { Prng } from '../interfaces/prng.ts';
import { PageStore } from '../memory/page-store.ts';
import { sgIsMapped } from '../memory/sg-copy.ts';
import { NO_RECORD, VersionLog } from './version-log.ts';

/** The largest medium: 64 GiB. The table of its pages is as long as the medium. */
export const MAX_MEDIUM_BYTES = 2 ** 36;

/** How a {@link SparseMedium} is made. */
export interface SparseMediumOptions {
  /** Size in sectors. */
  sectorCount: number;
  /** Bytes of one sector: 512, 1024, 2048 or 4096; 512 unless given. */
  sectorBytes?: number;
  /** Bytes of an aligned unit that a power cut never tears: a power of two of 512 to 65536; one sector unless given. */
  atomicBytes?: number;
  /** Is the volatile write cache on? Yes unless given. */
  writeCache?: boolean;
  /** Sector writes that the cache holds before it becomes durable as a whole; 8192 unless given. */
  cacheSectors?: number;
}

/** Sparse sectors, a volatile cache, and sectors that fail when asked to. */
export class SparseMedium implements Medium {
  readonly sectorBytes: number;
  readonly sectorCount: number;
  readonly #atomicBytes: number;
  readonly #store: PageStore;
  readonly #log: VersionLog;
  readonly #badForRead = new Set<number>();
  readonly #badForWrite = new Set<number>();
  readonly #records = new SgList(1);
  #writeCache: boolean;

  /** @throws ConfigError when a size cannot be used */
  constructor(options: SparseMediumOptions) {
    const { sectorCount, sectorBytes = 512, cacheSectors = 8192 } = options;
    if (![512, 1024, 2048, 4096].includes(sectorBytes)) {
      throw new ConfigError('sectorBytes', sectorBytes, '512, 1024, 2048 or 4096');
    }
    const mostSectors = MAX_MEDIUM_BYTES / sectorBytes;
    if (!Number.isInteger(sectorCount) || sectorCount < 1 || sectorCount > mostSectors) {
      throw new ConfigError('sectorCount', sectorCount, `an integer from 1 to ${mostSectors}`);
    }
    if (!Number.isInteger(cacheSectors) || cacheSectors < 1 || cacheSectors > 2 ** 24) {
      throw new ConfigError('cacheSectors', cacheSectors, 'an integer from 1 to 2^24');
    }
    const { atomicBytes = sectorBytes } = options;
    const isPower = Number.isInteger(atomicBytes) && (atomicBytes & (atomicBytes - 1)) === 0;
    if (!isPower || atomicBytes < 512 || atomicBytes > 65_536) {
      throw new ConfigError('atomicBytes', atomicBytes, 'a power of two from 512 to 65536');
    }
    this.#atomicBytes = atomicBytes;
    this.sectorBytes = sectorBytes;
    this.sectorCount = sectorCount;
    this.#writeCache = options.writeCache ?? true;
    this.#store = new PageStore(sectorCount * sectorBytes);
    this.#log = new VersionLog(sectorBytes, cacheSectors);
  }

  get writeCache(): boolean {
    return this.#writeCache;
  }

  /** Turning the cache off makes all that it holds durable. */
  set writeCache(on: boolean) {
    if (!on) this.#log.clear();
    this.#writeCache = on;
  }

  /** Sectors that a power cut could change now. */
  get volatileSectors(): number {
    let count = 0;
    for (let i = 0; i < this.#log.sectorCount; i++) {
      if (this.#log.newestAt(i) !== NO_RECORD) count += 1;
    }
    return count;
  }

  /** From here on reads of these sectors fail; a write of a sector makes it readable again. */
  failReads(sector: number, count: number): void {
    for (let i = 0; i < count; i++) this.#badForRead.add(sector + i);
  }

  /** From here on writes of these sectors fail. */
  failWrites(sector: number, count: number): void {
    for (let i = 0; i < count; i++) this.#badForWrite.add(sector + i);
  }

  /** All sectors are good again. */
  heal(): void {
    this.#badForRead.clear();
    this.#badForWrite.clear();
  }

  read(
    sector: number,
    count: number,
    memory: GuestMemory,
    data: SgList,
    sgOffset: number,
  ): MediumStatus {
    if (hasBad(this.#badForRead, sector, count)) return MediumStatus.readError;
    const size = this.sectorBytes;
    return this.#store.readTo(sector * size, memory, data, sgOffset, count * size)
      ? MediumStatus.ok
      : MediumStatus.memoryFault;
  }

  write(
    sector: number,
    count: number,
    fua: boolean,
    memory: GuestMemory,
    data: SgList,
    sgOffset: number,
  ): MediumStatus {
    if (hasBad(this.#badForWrite, sector, count)) return MediumStatus.writeError;
    if (!sgIsMapped(memory, data)) return MediumStatus.memoryFault;
    this.#remember(sector, count, fua);
    const size = this.sectorBytes;
    this.#store.writeFrom(sector * size, memory, data, sgOffset, count * size);
    this.#written(sector, count, fua);
    return MediumStatus.ok;
  }

  zero(sector: number, count: number, fua: boolean): MediumStatus {
    if (hasBad(this.#badForWrite, sector, count)) return MediumStatus.writeError;
    this.#remember(sector, count, fua);
    this.#store.zero(sector * this.sectorBytes, count * this.sectorBytes);
    this.#written(sector, count, fua);
    return MediumStatus.ok;
  }

  flush(): MediumStatus {
    this.#log.clear();
    return MediumStatus.ok;
  }

  powerCut(prng: Prng): void {
    const log = this.#log;
    const bytes = this.sectorBytes;
    const perUnit = Math.max(1, this.#atomicBytes / bytes);
    /** Unit -> the writes that touched it, newest first, as their first records. */
    const writes = new Map<number, number[]>();
    for (let i = 0; i < log.sectorCount; i++) {
      const unit = Math.floor(log.sectorAt(i) / perUnit);
      const known = writes.get(unit) ?? [];
      for (let r = log.newestAt(i); r !== NO_RECORD; r = log.olderThan(r)) {
        const write = log.writeOf(r);
        if (!known.includes(write)) known.push(write);
      }
      if (known.length > 0) writes.set(unit, known);
    }
    for (const known of writes.values()) known.sort((a, b) => b - a);
    const part = Math.min(bytes, this.#atomicBytes);
    /** Unit of several sectors -> the oldest write that it loses. */
    const lost = new Map<number, number>();
    for (const [unit, known] of writes) lost.set(unit, pickLost(known, prng));
    for (let i = 0; i < log.sectorCount; i++) {
      const unit = Math.floor(log.sectorAt(i) / perUnit);
      for (let at = 0; at < bytes; at += part) {
        // The parts of one sector are units of their own.
        const isFirst = at === 0;
        const oldest = isFirst ? lost.get(unit) : pickLost(writes.get(unit) ?? [], prng);
        this.#undo(i, oldest ?? NOTHING_LOST, at, part);
      }
    }
    log.clear();
  }

  /** Gives a part of the sector at a position of the log the bytes that it had before the write that began with record `oldest`. */
  #undo(position: number, oldest: number, at: number, length: number): void {
    const log = this.#log;
    let record = NO_RECORD;
    for (let r = log.newestAt(position); r !== NO_RECORD && r >= oldest; r = log.olderThan(r)) {
      record = r;
    }
    if (record === NO_RECORD) return;
    this.#records.clear();
    this.#records.pushAddress(record * this.sectorBytes + at, length);
    const offset = log.sectorAt(position) * this.sectorBytes + at;
    this.#store.writeFrom(offset, log.memory, this.#records, 0, length);
  }

  /** Bytes of the medium as reads see them, for set-up and inspection. */
  peek(sector: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * this.sectorBytes);
    this.#store.load(sector * this.sectorBytes, bytes, 0, bytes.length);
    return bytes;
  }

  /** Keeps what the sectors hold before a cached write. */
  #remember(sector: number, count: number, fua: boolean): void {
    if (!this.#writeCache || fua) return;
    if (this.#log.room < count) this.#log.clear();
    // A write that is larger than the whole cache goes past it.
    if (this.#log.room < count) return;
    const first = this.#log.add(sector);
    for (let i = 1; i < count; i++) this.#log.add(sector + i, first);
    this.#pointTo(first, count);
    const size = this.sectorBytes;
    this.#store.readTo(sector * size, this.#log.memory, this.#records, 0, count * size);
  }

  #pointTo(record: number, count: number): void {
    this.#records.clear();
    this.#records.pushAddress(record * this.sectorBytes, count * this.sectorBytes);
  }

  #written(sector: number, count: number, fua: boolean): void {
    if (fua && this.#log.sectorCount > 0) {
      for (let i = 0; i < count; i++) this.#log.settle(sector + i);
    }
    if (this.#badForRead.size === 0) return;
    for (let i = 0; i < count; i++) this.#badForRead.delete(sector + i);
  }
}

/** More than any record. */
const NOTHING_LOST = Number.POSITIVE_INFINITY;

/** Which of the writes of a unit is the oldest that is lost, those after it with it; {@link NOTHING_LOST} for none. */
function pickLost(writes: readonly number[], prng: Prng): number {
  const back = prng.below(writes.length + 1);
  return back === 0 ? NOTHING_LOST : writes[back - 1]!;
}

function hasBad(bad: ReadonlySet<number>, sector: number, count: number): boolean {
  if (bad.size === 0) return false;
  for (const each of bad) {
    if (each >= sector && each < sector + count) return true;
  }
  return false;
}
