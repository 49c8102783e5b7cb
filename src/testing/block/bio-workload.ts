/** Random bios on a block device, several in flight, judged by a model of its sectors. */
import { SgList } from '../../base/sg-list.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  SECTOR_BYTES,
} from '../../interfaces/bio.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import type { SimExecutor } from '../../sim/sim-executor.ts';
import { BlockLaw, blockLaw } from './block-laws.ts';
import { type FlushMark, paint, SectorModel, versionOf } from './sector-model.ts';

/** Bytes of memory that each bio has to itself. */
const BIO_BYTES = 256 * 1024;
/** Most bios of one round. */
const MAX_BIOS = 8;
/** Sectors at the beginning of the device that the workload uses. */
const AREA_SECTORS = 512;

interface Flight extends Bio {
  gpa: number;
  version: number;
  mark: FlushMark | undefined;
  ends: number;
  isInside: boolean;
}

/** Memory for all bios of a workload. */
export function makeBioMemory(): RegionMemory {
  return new RegionMemory([{ base: 0, size: BIO_BYTES * MAX_BIOS * 2 }]);
}

/** Drives one device. */
export class BioWorkload {
  /** Sectors of all reads and writes that were submitted. */
  sectorsSubmitted = 0;
  readonly #memory: RegionMemory;
  readonly #chance: Prng;
  readonly #model = new SectorModel();
  readonly #bytes = new Uint8Array(BIO_BYTES);
  #executor: SimExecutor;
  #device: BlockDevice;
  #ioId = 1;

  constructor(executor: SimExecutor, device: BlockDevice, memory: RegionMemory, chance: Prng) {
    this.#memory = memory;
    this.#executor = executor;
    this.#device = device;
    this.#chance = chance;
  }

  /** A few bios at once, run until all have ended. */
  round(): void {
    const flights = this.#submitSome();
    this.#executor.runUntilIdle();
    for (const flight of flights) {
      blockLaw(
        flight.ends === 1,
        BlockLaw.endsOnce,
        `${nameOf(flight)} ended ${flight.ends} times`,
      );
    }
  }

  /** A few bios at once, of which only some events happen: what the power cut meets. */
  startAndStop(steps: number): void {
    this.#submitSome();
    for (let i = 0; i < steps && this.#executor.step(); i++);
  }

  /** Goes on with what a power cut left, and judges it. */
  afterPowerCut(executor: SimExecutor, device: BlockDevice): void {
    this.#executor = executor;
    this.#device = device;
    this.#eachSector((sector, version) => this.#model.settle(sector, version));
  }

  /** Reads the whole area and compares. */
  verify(): void {
    this.#eachSector((sector, version) => {
      const expected = this.#model.current(sector);
      const what = `sector ${sector} shows ${version}, not ${expected}`;
      blockLaw(version === expected, BlockLaw.readsSeeWrites, what);
    });
  }

  /** One read, one write of nothing else, and the like: runs until idle and gives back the bio. */
  one(fields: Partial<Bio>, ended?: (bio: Bio) => void): Bio {
    const flight = this.#flight(0);
    Object.assign(flight, fields);
    if (ended !== undefined) {
      const { end } = flight;
      flight.end = (bio) => {
        end(bio);
        ended(bio);
      };
    }
    this.#submit(flight);
    this.#executor.runUntilIdle();
    return flight;
  }

  get #areaSectors(): number {
    return Math.min(AREA_SECTORS, this.#device.capacitySectors);
  }

  get #block(): number {
    return this.#device.limits.logicalBlockSize / SECTOR_BYTES;
  }

  #submitSome(): Flight[] {
    const flights: Flight[] = [];
    const busy: [number, number, boolean][] = [];
    const isPlugged = this.#chance.oneIn(2);
    if (isPlugged) this.#device.plug();
    for (let i = this.#chance.below(MAX_BIOS); i >= 0; i--) {
      const flight = this.#draw(i, busy);
      if (flight !== undefined) {
        this.#submit(flight);
        flights.push(flight);
      }
    }
    if (isPlugged) this.#device.unplug();
    return flights;
  }

  /** A bio that overlaps no write of this round, or `undefined` when the dice fell on one. */
  #draw(index: number, busy: [number, number, boolean][]): Flight | undefined {
    const chance = this.#chance;
    const flight = this.#flight(index);
    const kind = chance.below(8);
    if (chance.oneIn(4)) flight.flags |= BioFlag.preflush;
    if (chance.oneIn(4)) flight.flags |= BioFlag.fua;
    if (kind === 0) {
      flight.op = chance.oneIn(2) ? BioOp.flush : BioOp.write;
      flight.flags = BioFlag.preflush;
      return flight;
    }
    flight.op = kind < 5 ? BioOp.write : BioOp.read;
    if (flight.op === BioOp.read) flight.flags = 0;
    const block = this.#block;
    const blocks = Math.floor(this.#areaSectors / block);
    const most = Math.min(blocks, chance.oneIn(8) ? 400 / block : 16);
    const length = 1 + chance.below(Math.max(1, Math.floor(most)));
    const start = this.#start(blocks - length, busy, block);
    flight.sector = start * block;
    flight.sectorCount = length * block;
    const isWrite = flight.op === BioOp.write;
    const end = flight.sector + flight.sectorCount;
    const overlaps = busy.some(
      ([from, to, written]) => from < end && flight.sector < to && (isWrite || written),
    );
    if (overlaps) return undefined;
    busy.push([flight.sector, end, isWrite]);
    this.#place(flight);
    return flight;
  }

  /** First block: anywhere, or where the last bio ends, so that there is something to merge. */
  #start(most: number, busy: readonly [number, number, boolean][], block: number): number {
    const last = busy.at(-1);
    const next = last === undefined ? most + 1 : last[1] / block;
    return next <= most && this.#chance.oneIn(2) ? next : this.#chance.below(most + 1);
  }

  /** Lays the data out in runs: one, or pages in any order, now and then crooked. */
  #place(flight: Flight): void {
    const { data } = flight;
    const total = flight.sectorCount * SECTOR_BYTES;
    const piece = this.#chance.oneIn(3) ? total : 4096;
    const step = this.#chance.oneIn(2) ? piece : piece + 4096;
    const shift = this.#chance.oneIn(4) ? 512 : 0;
    for (let done = 0, i = 0; done < total; done += piece, i++) {
      data.pushAddress(flight.gpa + shift + i * step, Math.min(piece, total - done));
    }
    if (flight.op === BioOp.read) return;
    flight.version = this.#model.begin(flight.sector, flight.sectorCount);
    for (let i = 0; i < flight.sectorCount; i++) {
      paint(this.#bytes, i * SECTOR_BYTES, SECTOR_BYTES, flight.sector + i, flight.version);
    }
    this.#copy(flight, true);
  }

  #copy(flight: Bio, toMemory: boolean): void {
    let at = 0;
    for (let i = 0; i < flight.data.count; i++) {
      const length = flight.data.lengths[i]!;
      if (toMemory) this.#memory.store(flight.data.gpa(i), this.#bytes, at, length);
      else this.#memory.load(flight.data.gpa(i), this.#bytes, at, length);
      at += length;
    }
  }

  #flight(index: number): Flight {
    const flight: Flight = {
      ioId: this.#ioId++,
      op: BioOp.read,
      sector: 0,
      sectorCount: 0,
      flags: 0,
      memory: this.#memory,
      data: new SgList(),
      status: BlkStatus.ok,
      gpa: index * 2 * BIO_BYTES,
      version: 0,
      mark: undefined,
      ends: 0,
      isInside: false,
      end: () => this.#ended(flight),
    };
    return flight;
  }

  #submit(flight: Flight): void {
    if (flight.op === BioOp.flush || (flight.flags & BioFlag.preflush) !== 0) {
      flight.mark = this.#model.mark();
    }
    this.sectorsSubmitted += flight.sectorCount;
    flight.isInside = true;
    this.#device.submitBio(flight);
    flight.isInside = false;
  }

  #ended(flight: Flight): void {
    blockLaw(!flight.isInside, BlockLaw.endsLater, `${nameOf(flight)} ended inside submitBio`);
    flight.ends += 1;
    if (flight.data.count === 0 && flight.mark === undefined) return;
    const isOk = flight.status === BlkStatus.ok;
    blockLaw(isOk, BlockLaw.endsWell, `${nameOf(flight)} ended with status ${flight.status}`);
    if (flight.mark !== undefined) this.#model.flushed(flight.mark);
    if (flight.version > 0) {
      const isDurable = (flight.flags & BioFlag.fua) !== 0 || !this.#device.limits.writeCache;
      this.#model.end(flight.sector, flight.sectorCount, flight.version, isDurable);
    } else if (flight.op === BioOp.read && flight.data.count > 0) {
      this.#judgeRead(flight);
    }
  }

  #judgeRead(flight: Flight): void {
    this.#copy(flight, false);
    for (let i = 0; i < flight.sectorCount; i++) {
      const sector = flight.sector + i;
      const version = versionOf(this.#bytes, i * SECTOR_BYTES, SECTOR_BYTES, sector);
      const expected = this.#model.current(sector);
      const what = `sector ${sector} shows ${version}, not ${expected}`;
      blockLaw(version === expected, BlockLaw.readsSeeWrites, what);
    }
  }

  #eachSector(see: (sector: number, version: number | undefined) => void): void {
    const block = this.#block;
    const most = Math.max(block, 64 - (64 % block));
    for (let sector = 0; sector + block <= this.#areaSectors; sector += most) {
      const left = this.#areaSectors - (this.#areaSectors % block) - sector;
      const sectorCount = Math.min(most, left);
      const data = new SgList();
      data.pushAddress(0, sectorCount * SECTOR_BYTES);
      const bio: Bio = {
        ioId: this.#ioId++,
        op: BioOp.read,
        sector,
        sectorCount,
        flags: 0,
        memory: this.#memory,
        data,
        status: BlkStatus.ioError,
        end: () => {},
      };
      this.sectorsSubmitted += sectorCount;
      this.#device.submitBio(bio);
      this.#executor.runUntilIdle();
      blockLaw(bio.status === BlkStatus.ok, BlockLaw.endsWell, `read ${sector}+${sectorCount}`);
      this.#copy(bio, false);
      for (let i = 0; i < sectorCount; i++) {
        see(sector + i, versionOf(this.#bytes, i * SECTOR_BYTES, SECTOR_BYTES, sector + i));
      }
    }
  }
}

function nameOf(bio: Bio): string {
  const name = Object.entries(BioOp).find(([, op]) => op === bio.op)?.[0] ?? 'bio';
  return `${name} ${bio.sector}+${bio.sectorCount} flags ${bio.flags}`;
}
