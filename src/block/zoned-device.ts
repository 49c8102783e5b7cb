/**
 * A device with zones, over the block layer of a driver that has some: writes to a sequential zone go down one at a time, in the order in
 * which they came (zone write locking), so that none can overtake another on its way to the write pointer.
 *
 * Each part that goes down is one request. Zone operations wait in the same line as writes. An append becomes a write to the write pointer
 * that this device keeps for each zone, and asks the driver for after an error (zone append emulation). Reads and what concerns conventional
 * zones pass. The driver judges whether a write is where it may be.
 *
 * Does not model: a report as a command (the driver is asked directly), discards and write zeroes, which are refused.
 */
import { ConfigError } from '../base/assert.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
} from '../interfaces/bio.ts';
import type { Executor } from '../interfaces/executor.ts';
import { type Zone, ZoneCondition, type ZoneReporter, ZoneType } from '../interfaces/zoned.ts';
import { judgeBio } from './bio-check.ts';
import { BioWalk, BioWalkPool } from './bio-walk.ts';
import { LateEnds } from './late-ends.ts';
import { type PartBio, PartBioPool } from './part-bio.ts';
import { nextPartSectors, takePart } from './split-rule.ts';

/** A zoned block device. */
export class ZonedDevice implements BlockDevice {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly zoneSectors: number;
  readonly zoneCount: number;
  readonly #queue: BlockDevice;
  readonly #reporter: ZoneReporter;
  readonly #lines: readonly ZoneLine[];
  readonly #late: LateEnds;
  readonly #walks = new BioWalkPool();
  readonly #parts = new PartBioPool((part) => this.#partEnded(part));
  readonly #zone = makeZone();
  /** Stands at the beginning of any bio. */
  readonly #start = new BioWalk();

  /**
   * @param queue the block layer of the driver; nobody else submits to it
   * @throws ConfigError when requests of the queue may cross from one zone into another
   */
  constructor(executor: Executor, queue: BlockDevice, reporter: ZoneReporter, owner = 'zoned') {
    const { chunkSectors } = queue.limits;
    if (chunkSectors === 0 || reporter.zoneSectors % chunkSectors !== 0) {
      const expected = `a divisor of the zone, ${reporter.zoneSectors}`;
      throw new ConfigError('limits.chunkSectors', chunkSectors, expected);
    }
    this.limits = { ...queue.limits, maxDiscardSectors: 0, maxWriteZeroesSectors: 0 };
    this.capacitySectors = queue.capacitySectors;
    this.zoneSectors = reporter.zoneSectors;
    this.zoneCount = reporter.zoneCount;
    this.#queue = queue;
    this.#reporter = reporter;
    this.#late = new LateEnds(executor, owner);
    this.#lines = Array.from({ length: reporter.zoneCount }, (_, index) => {
      const line = new ZoneLine(index);
      this.#refresh(line);
      return line;
    });
  }

  /** Bios that wait for a zone, or have parts under way. */
  get biosInFlight(): number {
    return this.#walks.inUse;
  }

  /** What each zone is now, in their order. */
  reportZones(): Zone[] {
    return this.#lines.map(({ index }) => {
      const zone = makeZone();
      this.#reporter.reportZone(index, zone);
      return zone;
    });
  }

  submitBio(bio: Bio): void {
    if (bio.op === BioOp.discard || bio.op === BioOp.writeZeroes) {
      this.#late.end(bio, BlkStatus.notSupported);
    } else if (bio.op === BioOp.zoneAppend) this.#append(bio);
    else if (bio.op >= BioOp.zoneOpen && bio.op <= BioOp.zoneReset) this.#manage(bio);
    else if (bio.op === BioOp.write && bio.sectorCount > 0) this.#write(bio);
    else this.#queue.submitBio(bio);
  }

  plug(): void {
    this.#queue.plug();
  }

  unplug(): void {
    this.#queue.unplug();
  }

  #write(bio: Bio): void {
    const status = judgeBio(this.limits, this.capacitySectors, bio);
    if (status !== BlkStatus.ok) {
      this.#late.end(bio, status);
      return;
    }
    const walk = this.#walks.take();
    walk.begin(bio, bio.flags);
    const first = nextPartSectors(this.limits, bio, walk);
    const isCut = first < bio.sectorCount;
    const mayWait = (bio.flags & BioFlag.noWait) === 0;
    if (first === 0 || (!mayWait && (isCut || this.#lineAt(bio.sector).isBusy))) {
      this.#walks.give(walk);
      this.#late.end(bio, first === 0 ? BlkStatus.ioError : BlkStatus.again);
      return;
    }
    while (walk.sectorsTaken < bio.sectorCount) {
      const sectors = nextPartSectors(this.limits, bio, walk);
      if (sectors === 0) {
        // Memory that cannot be cut within the limits: what is under way ends first.
        walk.status = BlkStatus.ioError;
        return;
      }
      const part = this.#parts.take(walk, bio.sector + walk.sectorsTaken, sectors);
      if (isCut) {
        takePart(this.limits, bio, walk, sectors, part.ownData);
      } else {
        part.data = bio.data;
        walk.sectorsTaken = bio.sectorCount;
      }
      this.#enter(part);
    }
  }

  #append(bio: Bio): void {
    const walk = this.#walks.take();
    walk.begin(bio, bio.flags);
    const part = this.#parts.take(walk, bio.sector, bio.sectorCount);
    part.op = BioOp.write;
    part.data = bio.data;
    const isStart = bio.sector % this.zoneSectors === 0 && bio.sectorCount > 0;
    const status = judgeBio(this.limits, this.capacitySectors, part);
    const line = status === BlkStatus.ok && isStart ? this.#lineAt(bio.sector) : undefined;
    if (line === undefined || line.type === ZoneType.conventional) {
      this.#refuse(part, status === BlkStatus.ok ? BlkStatus.ioError : status);
    } else if (line.isBusy && (bio.flags & BioFlag.noWait) !== 0) {
      this.#refuse(part, BlkStatus.again);
    } else {
      this.#enter(part);
    }
  }

  #manage(bio: Bio): void {
    const { sector, sectorCount, op } = bio;
    const end = sector + sectorCount;
    const isWhole = sector % this.zoneSectors === 0 && end % this.zoneSectors === 0;
    const isInside = sector >= 0 && sectorCount > 0 && end <= this.capacitySectors;
    const isKnown =
      op === BioOp.zoneOpen ||
      op === BioOp.zoneClose ||
      op === BioOp.zoneFinish ||
      op === BioOp.zoneReset;
    if (!isKnown || !isInside || !(isWhole || end === this.capacitySectors)) {
      this.#late.end(bio, isKnown ? BlkStatus.ioError : BlkStatus.notSupported);
      return;
    }
    const walk = this.#walks.take();
    walk.begin(bio, BioFlag.noMerge);
    for (let start = sector; start < end; start += this.zoneSectors) {
      this.#enter(this.#parts.take(walk, start, Math.min(this.zoneSectors, end - start)));
    }
  }

  #lineAt(sector: number): ZoneLine {
    return this.#lines[Math.floor(sector / this.zoneSectors)]!;
  }

  /** Sends the part down, or puts it in the line of its zone. */
  #enter(part: PartBio): void {
    const line = this.#lineAt(part.sector);
    if (line.type === ZoneType.conventional) {
      this.#queue.submitBio(part);
    } else if (line.isBusy) {
      line.push(part);
    } else {
      this.#send(line, part);
    }
  }

  #send(line: ZoneLine, part: PartBio): void {
    line.isBusy = true;
    if (part.walk!.bio!.op !== BioOp.zoneAppend) {
      this.#queue.submitBio(part);
      return;
    }
    part.sector = line.writePointer;
    // Cut in two, a part of it could land in the next zone.
    const isWhole = nextPartSectors(this.limits, part, this.#start) === part.sectorCount;
    if (isWhole) this.#queue.submitBio(part);
    else this.#late.end(part, BlkStatus.ioError);
  }

  #partEnded(part: PartBio): void {
    const walk = part.walk!;
    const line = this.#lineAt(part.sector);
    if (line.type === ZoneType.sequential) {
      if (part.status === BlkStatus.ok && part.op === BioOp.write) {
        line.writePointer = part.sector + part.sectorCount;
      } else {
        this.#refresh(line);
      }
    }
    this.#finish(part, walk);
    if (line.type === ZoneType.conventional) return;
    const next = line.shift();
    if (next === undefined) line.isBusy = false;
    else this.#send(line, next);
  }

  #finish(part: PartBio, walk: BioWalk): void {
    const bio = walk.bio!;
    const { sector } = part;
    if (!this.#parts.give(part)) return;
    const { status } = walk;
    this.#walks.give(walk);
    if (bio.op === BioOp.zoneAppend && status === BlkStatus.ok) bio.sector = sector;
    bio.status = status;
    bio.end(bio);
  }

  /** Ends the only part of a bio before it went anywhere. */
  #refuse(part: PartBio, status: BlkStatus): void {
    const walk = part.walk!;
    const bio = walk.bio!;
    this.#parts.give(part);
    this.#walks.give(walk);
    this.#late.end(bio, status);
  }

  #refresh(line: ZoneLine): void {
    const zone = this.#zone;
    this.#reporter.reportZone(line.index, zone);
    line.type = zone.type;
    line.writePointer = zone.writePointer;
  }
}

/** A zone, and who waits to write to it. */
class ZoneLine {
  readonly index: number;
  type: ZoneType = ZoneType.conventional;
  writePointer = 0;
  /** A write or an operation is under way. */
  isBusy = false;
  #head: PartBio | undefined = undefined;
  #tail: PartBio | undefined = undefined;

  constructor(index: number) {
    this.index = index;
  }

  push(part: PartBio): void {
    if (this.#tail === undefined) this.#head = part;
    else this.#tail.next = part;
    this.#tail = part;
  }

  shift(): PartBio | undefined {
    const part = this.#head;
    if (part === undefined) return undefined;
    this.#head = part.next;
    if (this.#head === undefined) this.#tail = undefined;
    part.next = undefined;
    return part;
  }
}

function makeZone(): Zone {
  return {
    startSector: 0,
    sectorCount: 0,
    capacitySectors: 0,
    writePointer: 0,
    type: ZoneType.conventional,
    condition: ZoneCondition.notWritePointer,
  };
}
