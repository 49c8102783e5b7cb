/** Where the sectors of a stacked device lie on the devices below it: one after another (linear), or in turn by chunks (striped). */
import { ConfigError } from '../base/assert.ts';
import { type BlockDevice, SECTOR_BYTES } from '../interfaces/bio.ts';

/** A range of a device below. */
export interface LowerRange {
  readonly device: BlockDevice;
  /** Where the range starts, in 512-byte sectors. */
  readonly startSector: number;
  readonly sectorCount: number;
}

/** A total map of the sectors 0 .. capacitySectors - 1. */
export interface SectorMap {
  /** What lies below, in the order of the numbers that `rangeAt` gives. */
  readonly ranges: readonly LowerRange[];
  readonly capacitySectors: number;
  /** Number of the range that holds a sector. */
  rangeAt(sector: number): number;
  /** The sector of that range's device where it lies. */
  lowerSectorAt(sector: number): number;
  /** How many sectors from this one on lie one after another on that device, before a cut is needed; 1 at least. */
  runAt(sector: number): number;
}

/** Ranges one after another, as the `linear` target and its tables make them; a partition is one with a single range. */
export class LinearMap implements SectorMap {
  readonly ranges: readonly LowerRange[];
  readonly capacitySectors: number;
  /** Where each range ends, in sectors of the stacked device. */
  readonly #ends: readonly number[];

  /** @throws ConfigError when a range leaves its device or its blocks */
  constructor(ranges: readonly LowerRange[]) {
    if (ranges.length === 0) throw new ConfigError('ranges', ranges, 'one range at least');
    let end = 0;
    this.#ends = ranges.map((range, index) => {
      checkRange(range, index);
      end += range.sectorCount;
      return end;
    });
    this.ranges = ranges;
    this.capacitySectors = end;
  }

  rangeAt(sector: number): number {
    let index = 0;
    while (sector >= this.#ends[index]!) index += 1;
    return index;
  }

  lowerSectorAt(sector: number): number {
    const index = this.rangeAt(sector);
    const { startSector, sectorCount } = this.ranges[index]!;
    return startSector + sector - (this.#ends[index]! - sectorCount);
  }

  runAt(sector: number): number {
    return this.#ends[this.rangeAt(sector)]! - sector;
  }
}

/** Chunks in turn over ranges of one size, as the `striped` target lays them. */
export class StripedMap implements SectorMap {
  readonly ranges: readonly LowerRange[];
  readonly capacitySectors: number;
  readonly chunkSectors: number;

  /** @throws ConfigError when the ranges differ in size, are not made of whole chunks, or leave their devices or blocks */
  constructor(ranges: readonly LowerRange[], chunkSectors: number) {
    const [first] = ranges;
    if (first === undefined) throw new ConfigError('ranges', ranges, 'one range at least');
    if (!Number.isSafeInteger(chunkSectors) || chunkSectors < 1) {
      throw new ConfigError('chunkSectors', chunkSectors, 'an integer of 1 and more');
    }
    for (const [index, range] of ranges.entries()) {
      checkRange(range, index);
      checkBlocks(`chunkSectors (for ranges.${index})`, chunkSectors, range.device);
      const { sectorCount } = range;
      if (sectorCount !== first.sectorCount || sectorCount % chunkSectors !== 0) {
        const expected = `whole chunks of ${chunkSectors}, as many as in the first range`;
        throw new ConfigError(`ranges.${index}.sectorCount`, sectorCount, expected);
      }
    }
    this.ranges = ranges;
    this.chunkSectors = chunkSectors;
    this.capacitySectors = first.sectorCount * ranges.length;
  }

  rangeAt(sector: number): number {
    return Math.floor(sector / this.chunkSectors) % this.ranges.length;
  }

  lowerSectorAt(sector: number): number {
    const chunk = Math.floor(sector / this.chunkSectors);
    const row = Math.floor(chunk / this.ranges.length);
    const { startSector } = this.ranges[chunk % this.ranges.length]!;
    return startSector + row * this.chunkSectors + (sector % this.chunkSectors);
  }

  runAt(sector: number): number {
    return this.chunkSectors - (sector % this.chunkSectors);
  }
}

function checkRange({ device, startSector, sectorCount }: LowerRange, index: number): void {
  const isInside =
    Number.isSafeInteger(startSector) &&
    startSector >= 0 &&
    startSector + sectorCount <= device.capacitySectors;
  const path = `ranges.${index}`;
  if (!isInside) throw new ConfigError(`${path}.startSector`, startSector, 'a range of the device');
  if (!Number.isSafeInteger(sectorCount) || sectorCount < 1) {
    throw new ConfigError(`${path}.sectorCount`, sectorCount, 'an integer of 1 and more');
  }
  checkBlocks(`${path}.startSector`, startSector, device);
  checkBlocks(`${path}.sectorCount`, sectorCount, device);
}

function checkBlocks(path: string, sectors: number, device: BlockDevice): void {
  const block = device.limits.logicalBlockSize / SECTOR_BYTES;
  if (sectors % block !== 0) throw new ConfigError(path, sectors, `a multiple of ${block}`);
}
