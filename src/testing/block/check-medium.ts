/** The compliance suite of media. */
import { SgList } from '../../base/sg-list.ts';
import { type Medium, MediumStatus } from '../../interfaces/medium.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { makePrng } from '../../sim/prng.ts';
import { BlockLaw, blockLaw } from './block-laws.ts';
import type { BlockCheckOptions } from './check-block-device.ts';
import { paint, SectorModel, versionOf } from './sector-model.ts';

const MAX_SECTORS = 16;
const AREA_SECTORS = 48;

/**
 * Checks a medium against the laws of its interface: what is written is read, and what was flushed, or written with FUA or without a cache,
 * survives every power cut.
 *
 * @param factory makes a fresh medium that holds zeroes, of 48 sectors at least
 * @throws BlockLawError that names the first law that is broken
 */
export function checkMedium(
  factory: () => Medium,
  { seed = 1, rounds = 200 }: BlockCheckOptions = {},
): void {
  const check = new MediumCheck(factory(), makePrng(seed));
  for (let i = 0; i < rounds; i++) check.round();
  check.checkUnmapped();
}

class MediumCheck {
  readonly #medium: Medium;
  readonly #chance: Prng;
  readonly #model = new SectorModel();
  readonly #memory: RegionMemory;
  readonly #list = new SgList();
  readonly #bytes: Uint8Array;
  readonly #sectorBytes: number;

  constructor(medium: Medium, chance: Prng) {
    this.#medium = medium;
    this.#chance = chance;
    this.#sectorBytes = medium.sectorBytes;
    this.#bytes = new Uint8Array(MAX_SECTORS * medium.sectorBytes);
    this.#memory = new RegionMemory([{ base: 0, size: this.#bytes.length + 4096 }]);
  }

  round(): void {
    const sector = this.#chance.below(AREA_SECTORS);
    const count = 1 + this.#chance.below(Math.min(MAX_SECTORS, AREA_SECTORS - sector));
    switch (this.#chance.below(8)) {
      case 0:
        this.#flush();
        break;
      case 1:
        this.#cut();
        break;
      case 2:
        this.#zero(sector, count);
        break;
      case 3:
        this.#medium.writeCache = !this.#medium.writeCache;
        // A cache that is turned off is written out.
        if (!this.#medium.writeCache) this.#model.flushed(this.#model.mark());
        break;
      case 4:
      case 5:
        this.#read(sector, count);
        break;
      default:
        this.#write(sector, count);
    }
  }

  /** Memory with a hole is refused, and nothing changes. */
  checkUnmapped(): void {
    this.#point(1);
    this.#list.pushAddress(2 ** 40, this.#sectorBytes);
    const written = this.#medium.write(0, 2, false, this.#memory, this.#list, 0);
    const read = this.#medium.read(0, 2, this.#memory, this.#list, 0);
    const isRefused = written === MediumStatus.memoryFault && read === MediumStatus.memoryFault;
    blockLaw(isRefused, BlockLaw.refuses, 'unmapped memory was accepted');
    this.#read(0, 2);
  }

  #write(sector: number, count: number): void {
    const fua = this.#chance.oneIn(4);
    const version = this.#model.begin(sector, count);
    const size = this.#sectorBytes;
    for (let i = 0; i < count; i++) paint(this.#bytes, i * size, size, sector + i, version);
    this.#point(count);
    this.#memory.store(this.#list.gpa(0), this.#bytes, 0, count * size);
    const status = this.#medium.write(sector, count, fua, this.#memory, this.#list, 0);
    blockLaw(status === MediumStatus.ok, BlockLaw.endsWell, `write gave ${status}`);
    this.#model.end(sector, count, version, fua || !this.#medium.writeCache);
  }

  /** Zeroes count as a version that reads as nothing else does: written over at once, so that the model stays simple. */
  #zero(sector: number, count: number): void {
    const status = this.#medium.zero(sector, count, true);
    blockLaw(status === MediumStatus.ok, BlockLaw.endsWell, `zero gave ${status}`);
    this.#load(sector, count);
    const isZero = this.#bytes.subarray(0, count * this.#sectorBytes).every((byte) => byte === 0);
    blockLaw(isZero, BlockLaw.readsSeeWrites, 'zeroed sectors are not zero');
    this.#write(sector, count);
    this.#flush();
  }

  #read(sector: number, count: number): void {
    this.#load(sector, count);
    for (let i = 0; i < count; i++) {
      const version = this.#versionAt(i, sector + i);
      const expected = this.#model.current(sector + i);
      const what = `sector ${sector + i} shows ${version}, not ${expected}`;
      blockLaw(version === expected, BlockLaw.readsSeeWrites, what);
    }
  }

  #flush(): void {
    blockLaw(this.#medium.flush() === MediumStatus.ok, BlockLaw.endsWell, 'flush failed');
    this.#model.flushed(this.#model.mark());
  }

  #cut(): void {
    this.#medium.powerCut(this.#chance);
    for (let sector = 0; sector < AREA_SECTORS; sector++) {
      this.#load(sector, 1);
      this.#model.settle(sector, this.#versionAt(0, sector));
    }
  }

  #load(sector: number, count: number): void {
    this.#point(count);
    const status = this.#medium.read(sector, count, this.#memory, this.#list, 0);
    blockLaw(status === MediumStatus.ok, BlockLaw.endsWell, `read gave ${status}`);
    this.#memory.load(this.#list.gpa(0), this.#bytes, 0, count * this.#sectorBytes);
  }

  #versionAt(index: number, sector: number): number | undefined {
    const size = this.#sectorBytes;
    return versionOf(this.#bytes, index * size, size, sector);
  }

  /** Memory for `count` sectors, now and then crooked. */
  #point(count: number): void {
    this.#list.clear();
    this.#list.pushAddress(this.#chance.oneIn(3) ? 4 : 0, count * this.#sectorBytes);
  }
}
