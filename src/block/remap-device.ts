/**
 * A block device that lies on others: a partition, or a device-mapper device of linear or striped targets.
 *
 * A bio goes down as one bio for each run of sectors that the map keeps together, in their order, and ends when the last of these does,
 * with the first error. A mapped device sends a flush to all devices below first, as empty writes with REQ_PREFLUSH, and the data after
 * it; FUA goes down with the data. A partition sends everything on as it is.
 *
 * Does not model: discards of a striped device gathered by device; they are cut as writes are.
 */
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
  SECTOR_BYTES,
} from '../interfaces/bio.ts';
import type { BlockObserver } from '../interfaces/block-observer.ts';
import type { Executor } from '../interfaces/executor.ts';
import { judgeBio } from './bio-check.ts';
import { type BioWalk, BioWalkPool } from './bio-walk.ts';
import { LateEnds } from './late-ends.ts';
import { type PartBio, PartBioPool } from './part-bio.ts';
import type { SectorMap } from './sector-map.ts';
import { stackLimits, type Topology, topologyOf } from './stack-limits.ts';

/** How a {@link RemapDevice} is made. */
export interface RemapDeviceOptions {
  /** A partition: of one range, with the limits of its disk, and flags go down as they are. */
  readonly isPartition?: boolean;
  /** Hears A for each bio that goes down: the observer of the disk at the bottom. */
  readonly observer?: BlockObserver | undefined;
  /** Number of this device in those events, as `deviceNumber` makes it; 0 unless given. */
  readonly device?: number;
  /** Owner of its tasks. */
  readonly owner?: string;
}

/** A device whose sectors lie on other devices. */
export class RemapDevice implements BlockDevice {
  readonly limits: QueueLimits;
  readonly topology: Topology;
  readonly capacitySectors: number;
  readonly #map: SectorMap;
  readonly #lowers: readonly BlockDevice[];
  readonly #isPartition: boolean;
  readonly #observer: BlockObserver | undefined;
  readonly #device: number;
  readonly #late: LateEnds;
  readonly #walks = new BioWalkPool();
  readonly #parts = new PartBioPool((part) => this.#partEnded(part));

  constructor(executor: Executor, map: SectorMap, options: RemapDeviceOptions = {}) {
    this.#isPartition = options.isPartition ?? false;
    const { ranges } = map;
    const [first] = ranges;
    const stacked = stackLimits(
      ranges.map(({ device, startSector }) => ({ limits: device.limits, startSector })),
    );
    this.limits = this.#isPartition ? first!.device.limits : stacked.limits;
    this.topology = this.#isPartition ? topologyOf(this.limits) : stacked.topology;
    this.capacitySectors = map.capacitySectors;
    this.#map = map;
    this.#lowers = [...new Set(ranges.map(({ device }) => device))];
    this.#observer = options.observer;
    this.#device = options.device ?? 0;
    this.#late = new LateEnds(executor, options.owner ?? 'remap');
  }

  /** Bios that have not ended. */
  get biosInFlight(): number {
    return this.#walks.inUse;
  }

  submitBio(bio: Bio): void {
    const status = judgeBio(this.limits, this.capacitySectors, bio);
    if (status !== BlkStatus.ok) {
      this.#late.end(bio, status);
      return;
    }
    const walk = this.#walks.take();
    walk.begin(bio, bio.flags);
    if (this.#isPartition) {
      this.#sendData(walk);
      return;
    }
    if (!this.limits.writeCache) walk.flags &= ~(BioFlag.preflush | BioFlag.fua);
    const isFlush = bio.op === BioOp.flush || (walk.flags & BioFlag.preflush) !== 0;
    if (isFlush && this.limits.writeCache) this.#sendFlushes(walk);
    else if (bio.sectorCount > 0) this.#sendData(walk);
    else {
      this.#walks.give(walk);
      this.#late.end(bio, BlkStatus.ok);
    }
  }

  plug(): void {
    for (const lower of this.#lowers) lower.plug();
  }

  unplug(): void {
    for (const lower of this.#lowers) lower.unplug();
  }

  #sendFlushes(walk: BioWalk): void {
    const { ranges } = this.#map;
    for (const { device, startSector } of ranges) {
      const part = this.#parts.take(walk, startSector, 0);
      part.op = BioOp.write;
      part.flags = BioFlag.preflush | BioFlag.sync;
      device.submitBio(part);
    }
  }

  #sendData(walk: BioWalk): void {
    const bio = walk.bio!;
    walk.isTaken = true;
    do {
      const at = bio.sector + walk.sectorsTaken;
      const sectors = Math.min(this.#runAt(at), bio.sectorCount - walk.sectorsTaken);
      this.#sendPart(walk, bio, at, sectors);
    } while (walk.sectorsTaken < bio.sectorCount);
  }

  /** An empty bio, which only a partition sends on, may name any sector. */
  #runAt(sector: number): number {
    return sector >= 0 && sector < this.capacitySectors ? this.#map.runAt(sector) : 0;
  }

  #sendPart(walk: BioWalk, bio: Bio, at: number, sectors: number): void {
    const range = sectors === 0 ? 0 : this.#map.rangeAt(at);
    const part = this.#parts.take(walk, sectors === 0 ? 0 : this.#map.lowerSectorAt(at), sectors);
    if (sectors === bio.sectorCount) {
      part.data = bio.data;
    } else if (bio.op === BioOp.read || bio.op === BioOp.write) {
      part.ownData.appendRange(bio.data, walk.sectorsTaken * SECTOR_BYTES, sectors * SECTOR_BYTES);
    }
    walk.sectorsTaken += sectors;
    if (sectors > 0) {
      const { ioId, op, flags, sector } = part;
      this.#observer?.remapped(ioId, op, flags, sector, sectors, this.#device, at);
    }
    this.#map.ranges[range]!.device.submitBio(part);
  }

  #partEnded(part: PartBio): void {
    const walk = part.walk!;
    const bio = walk.bio!;
    if (!this.#parts.give(part)) return;
    if (!walk.isTaken && walk.status === BlkStatus.ok && bio.sectorCount > 0) {
      // The devices below are flushed: now the data that waited for it.
      walk.flags &= ~BioFlag.preflush;
      this.#sendData(walk);
      return;
    }
    bio.status = walk.status;
    this.#walks.give(walk);
    bio.end(bio);
  }
}
