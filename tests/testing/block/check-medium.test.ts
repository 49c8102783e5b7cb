import { describe, expect, it } from 'vitest';
import { SgList } from '../../../src/base/sg-list.ts';
import { SparseMedium } from '../../../src/devices/sparse-medium.ts';
import type { Medium } from '../../../src/interfaces/medium.ts';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { BlockLaw } from '../../../src/testing/block/block-laws.ts';
import { checkMedium } from '../../../src/testing/block/check-medium.ts';
import { runs } from '../../support/runs.ts';

function make(cacheSectors = 64, sectorBytes = 512): SparseMedium {
  return new SparseMedium({ sectorCount: 64, cacheSectors, sectorBytes });
}

/** A medium that does what ours does, but for what `change` overrides. */
function bent(change: (inner: SparseMedium) => Partial<Medium>): () => Medium {
  return () => {
    const inner = make();
    const medium: Medium = {
      sectorBytes: inner.sectorBytes,
      sectorCount: inner.sectorCount,
      get writeCache() {
        return inner.writeCache;
      },
      set writeCache(on) {
        inner.writeCache = on;
      },
      read: (...args) => inner.read(...args),
      write: (...args) => inner.write(...args),
      zero: (...args) => inner.zero(...args),
      flush: () => inner.flush(),
      powerCut: (prng) => inner.powerCut(prng),
    };
    return Object.assign(medium, change(inner));
  };
}

describe('checkMedium', () => {
  it.each([
    [512, 64],
    [512, 3],
    [4096, 20],
  ])('passes on sectors of %s bytes with a cache of %s', (sectorBytes, cacheSectors) => {
    checkMedium(() => make(cacheSectors, sectorBytes), { rounds: runs(300, 5_000) });
  });

  it.each([
    ['forgets to flush', () => ({ flush: () => 0 as const }), BlockLaw.durability],
    [
      'forgets FUA',
      (inner: SparseMedium) => ({
        write: (sector, count, _, memory, data, at) =>
          inner.write(sector, count, false, memory, data, at),
      }),
      BlockLaw.durability,
    ],
    [
      'tears a sector',
      (inner: SparseMedium) => ({
        powerCut: (prng) => {
          const before = inner.peek(0, 48);
          inner.powerCut(prng);
          tear(inner, before);
        },
      }),
      BlockLaw.wholeSectors,
    ],
    [
      'reads from beside',
      (inner: SparseMedium) => ({
        read: (sector, count, memory, data, at) =>
          inner.read(count > 1 && sector === 9 ? 10 : sector, count, memory, data, at),
      }),
      BlockLaw.readsSeeWrites,
    ],
    [
      'takes memory that is not there',
      (inner: SparseMedium) => ({
        write: (sector, count, fua, memory, data, at) => {
          inner.write(sector, count, fua, memory, data, at);
          return 0 as const;
        },
      }),
      BlockLaw.refuses,
    ],
  ] satisfies [string, (inner: SparseMedium) => Partial<Medium>, string][])(
    'names the law that a medium breaks which %s',
    (_, change, law) => {
      expect(() => checkMedium(bent(change), { rounds: 2_000 })).toThrow(law);
    },
  );
});

/** Puts half of an older sector before half of a newer one. */
function tear(medium: SparseMedium, before: Uint8Array): void {
  const after = medium.peek(0, 48);
  for (let sector = 0; sector < 48; sector++) {
    const at = sector * 512;
    const isChanged = after.subarray(at, at + 512).some((byte, i) => byte !== before[at + i]);
    if (!isChanged) continue;
    const mixed = after.slice(at, at + 512);
    mixed.set(before.subarray(at, at + 256));
    const memory = new RegionMemory([{ base: 0, bytes: mixed }]);
    const list = new SgList(1);
    list.pushAddress(0, 512);
    medium.write(sector, 1, true, memory, list, 0);
  }
}
