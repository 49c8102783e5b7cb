/** A block device of a few lines for IBLOCK: a volatile cache over pages, a record of bios, errors on demand. */
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
} from '../../src/interfaces/bio.ts';
import type { Executor } from '../../src/interfaces/executor.ts';
import type { Prng } from '../../src/interfaces/prng.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { makeTask } from '../../src/sim/task.ts';

const DEFAULT_LIMITS: QueueLimits = {
  logicalBlockSize: 512,
  physicalBlockSize: 512,
  maxSectors: 64,
  maxSegments: 128,
  maxSegmentSize: 65_536,
  segBoundaryMask: 0xffff_ffff,
  virtBoundaryMask: 0,
  chunkSectors: 0,
  maxDiscardSectors: 128,
  discardGranularity: 512,
  discardAlignment: 0,
  maxWriteZeroesSectors: 128,
  writeCache: true,
  fua: true,
};

export interface SeenBio {
  op: BioOp;
  sector: number;
  sectorCount: number;
  flags: number;
  plugDepth: number;
}

export class FakeBlockDevice implements BlockDevice {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly seen: SeenBio[] = [];
  readonly #executor: Executor;
  readonly #now: PageStore;
  readonly #durable: PageStore;
  readonly #waiting: Bio[] = [];
  readonly #task = makeTask('fake-block', () => this.#run());
  #plugDepth = 0;
  /** The status of a bio that starts at this sector. */
  readonly bad = new Map<number, BlkStatus>();
  /** Skips what a flush has to do. */
  ignoresFlush = false;

  constructor(executor: Executor, capacitySectors: number, limits: Partial<QueueLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.capacitySectors = capacitySectors;
    this.#executor = executor;
    this.#now = new PageStore(capacitySectors * 512);
    this.#durable = new PageStore(capacitySectors * 512);
  }

  plug(): void {
    this.#plugDepth += 1;
  }

  unplug(): void {
    this.#plugDepth -= 1;
  }

  submitBio(bio: Bio): void {
    const { op, sector, sectorCount, flags } = bio;
    this.seen.push({ op, sector, sectorCount, flags, plugDepth: this.#plugDepth });
    this.#waiting.push(bio);
    this.#executor.post(this.#task);
  }

  /** Sectors that were not durable keep their new bytes or not, by chance. */
  powerCut(chance: Prng): void {
    for (let sector = 0; sector < this.capacitySectors; sector++) {
      if (chance.oneIn(2)) this.#copy(sector, 1, this.#durable, this.#now);
      else this.#copy(sector, 1, this.#now, this.#durable);
    }
    this.#waiting.length = 0;
  }

  /** Power fails, and all that was not durable is gone. */
  loseAll(): void {
    this.#copy(0, this.capacitySectors, this.#durable, this.#now);
  }

  #run(): void {
    const bio = this.#waiting.shift();
    if (bio === undefined) return;
    if (this.#waiting.length > 0) this.#executor.post(this.#task);
    bio.status = this.#execute(bio);
    bio.end(bio);
  }

  #execute({ op, sector, sectorCount, flags, memory, data }: Bio): BlkStatus {
    const bad = this.bad.get(sector);
    if (bad !== undefined && sectorCount > 0) return bad;
    const length = sectorCount * 512;
    if ((flags & BioFlag.preflush) !== 0 && !this.ignoresFlush) {
      this.#copy(0, this.capacitySectors, this.#now, this.#durable);
    }
    if (op === BioOp.read) {
      const isMapped = this.#now.readTo(sector * 512, memory, data, 0, length);
      return isMapped ? BlkStatus.ok : BlkStatus.ioError;
    }
    if (op === BioOp.write && length > 0) {
      const isMapped = this.#now.writeFrom(sector * 512, memory, data, 0, length);
      if (!isMapped) return BlkStatus.ioError;
    } else {
      this.#now.zero(sector * 512, length);
    }
    const isDurable = !this.limits.writeCache || (flags & BioFlag.fua) !== 0;
    if (isDurable) this.#copy(sector, sectorCount, this.#now, this.#durable);
    return BlkStatus.ok;
  }

  #copy(sector: number, count: number, from: PageStore, to: PageStore): void {
    const bytes = new Uint8Array(count * 512);
    from.load(sector * 512, bytes, 0, bytes.length);
    to.store(sector * 512, bytes, 0, bytes.length);
  }
}
