import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LinearMap, type SectorMap, StripedMap } from '../../src/block/sector-map.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { HeldDevice } from './held-device.ts';

/** Where each sector lies, as `device:sector`. */
function placesOf(map: SectorMap): string[] {
  return Array.from({ length: map.capacitySectors }, (_, sector) => {
    return `${map.rangeAt(sector)}:${map.lowerSectorAt(sector)}`;
  });
}

const ranges = (sizes: readonly (readonly [number, number])[]) =>
  sizes.map(([startSector, sectorCount]) => ({
    device: new HeldDevice(),
    startSector,
    sectorCount,
  }));

it('lays linear ranges one after another', () => {
  const map = new LinearMap(
    ranges([
      [100, 2],
      [7, 3],
    ]),
  );
  expect(placesOf(map)).toEqual(['0:100', '0:101', '1:7', '1:8', '1:9']);
  expect([0, 1, 2, 3, 4].map((sector) => map.runAt(sector))).toEqual([2, 1, 3, 2, 1]);
});

it('lays chunks in turn over striped ranges', () => {
  const map = new StripedMap(
    ranges([
      [100, 4],
      [7, 4],
    ]),
    2,
  );
  const places = ['0:100', '0:101', '1:7', '1:8', '0:102', '0:103', '1:9', '1:10'];
  expect(placesOf(map)).toEqual(places);
  expect([0, 1, 2, 3].map((sector) => map.runAt(sector))).toEqual([2, 1, 2, 1]);
});

it('uses each sector of each range once, and runs stay together', () => {
  const linear = fc
    .array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 4 })
    .map((sizes) => new LinearMap(ranges(sizes)));
  const striped = fc
    .tuple(
      fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(
      ([starts, chunk, rows]) =>
        new StripedMap(ranges(starts.map((start) => [start, chunk * rows])), chunk),
    );
  checkProperty(
    fc.property(fc.oneof(linear, striped), (map) => {
      const all = map.ranges.flatMap(({ startSector, sectorCount }, index) =>
        Array.from({ length: sectorCount }, (_, i) => `${index}:${startSector + i}`),
      );
      const places = placesOf(map);
      expect([...places].sort()).toEqual(all.sort());
      for (let sector = 0; sector < map.capacitySectors; sector++) {
        const run = map.runAt(sector);
        const first = map.lowerSectorAt(sector);
        const expected = Array.from(
          { length: run },
          (_, i) => `${map.rangeAt(sector)}:${first + i}`,
        );
        expect(places.slice(sector, sector + run)).toEqual(expected);
      }
    }),
    runs(50, 1_000),
  );
});

const device = new HeldDevice({ logicalBlockSize: 4096, physicalBlockSize: 4096 }, 800);
const range = (startSector: number, sectorCount: number) => ({ device, startSector, sectorCount });

it.each([
  ['no range', () => new LinearMap([]), 'ranges'],
  ['a range that leaves its device', () => new LinearMap([range(792, 16)]), 'ranges.0.startSector'],
  [
    'a start inside a block',
    () => new LinearMap([range(0, 8), range(4, 8)]),
    'ranges.1.startSector',
  ],
  ['half a block', () => new LinearMap([range(0, 4)]), 'ranges.0.sectorCount'],
  ['no sectors', () => new LinearMap([range(0, 0)]), 'ranges.0.sectorCount'],
  ['no stripes', () => new StripedMap([], 8), 'ranges'],
  ['no chunk', () => new StripedMap([range(0, 8)], 0), 'chunkSectors'],
  ['a chunk of half a block', () => new StripedMap([range(0, 8)], 4), 'chunkSectors'],
  ['half a chunk', () => new StripedMap([range(0, 24)], 16), 'ranges.0.sectorCount'],
  [
    'uneven stripes',
    () => new StripedMap([range(0, 16), range(16, 32)], 16),
    'ranges.1.sectorCount',
  ],
])('refuses %s', (_, make, path) => {
  expect(make).toThrow(path);
});
