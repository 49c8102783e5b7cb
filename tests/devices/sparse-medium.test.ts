import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { SgList } from '../../src/base/sg-list.ts';
import { SparseMedium, type SparseMediumOptions } from '../../src/devices/sparse-medium.ts';
import { MediumStatus } from '../../src/interfaces/medium.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { allocatedPerOp } from '../support/heap.ts';

const memory = new RegionMemory([{ base: 0, size: 65_536 }]);

function fill(medium: SparseMedium, sector: number, value: number, count = 1, fua = false) {
  memory.fill(0, value, count * 512);
  const list = new SgList(1);
  list.pushAddress(0, count * 512);
  return medium.write(sector, count, fua, memory, list, 0);
}

function show(medium: SparseMedium, sector: number): number {
  const bytes = medium.peek(sector, 1);
  expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
  return bytes[0]!;
}

/** What sector 0 shows after power cuts with many seeds. */
function outcomes(prepare: (medium: SparseMedium) => void): number[] {
  const seen = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const medium = new SparseMedium({ sectorCount: 64, cacheSectors: 8 });
    prepare(medium);
    medium.powerCut(makePrng(seed));
    seen.add(show(medium, 0));
  }
  return [...seen].sort();
}

describe('a power cut', () => {
  it('leaves any version of a sector since it was last durable', () => {
    const three = (medium: SparseMedium) => [1, 2, 3].map((value) => fill(medium, 0, value));
    expect(outcomes(three)).toEqual([0, 1, 2, 3]);
  });

  it('leaves what was flushed, or anything after it', () => {
    expect(
      outcomes((medium) => {
        fill(medium, 0, 1);
        medium.flush();
        fill(medium, 0, 2);
      }),
    ).toEqual([1, 2]);
  });

  it.each([
    ['with FUA', (medium: SparseMedium) => fill(medium, 0, 2, 1, true)],
    ['by a cache that is turned off', (medium: SparseMedium) => (medium.writeCache = false)],
    ['by a cache that is full', (medium: SparseMedium) => fill(medium, 8, 9, 8)],
  ])('cannot touch what was made durable %s', (_, settle) => {
    const seen = outcomes((medium) => {
      fill(medium, 0, 2);
      settle(medium);
    });
    expect(seen).toEqual([2]);
  });

  it('undoes a FUA write of nothing, but a later one without FUA', () => {
    expect(
      outcomes((medium) => {
        fill(medium, 0, 1);
        fill(medium, 0, 2, 1, true);
        fill(medium, 0, 3);
      }),
    ).toEqual([2, 3]);
  });

  it('may undo zeroes', () => {
    expect(
      outcomes((medium) => {
        fill(medium, 0, 1, 1, true);
        medium.zero(0, 1, false);
      }),
    ).toEqual([0, 1]);
  });

  it('takes each sector for itself', () => {
    const medium = new SparseMedium({ sectorCount: 64 });
    fill(medium, 0, 1, 32);
    expect(medium.volatileSectors).toBe(32);
    medium.powerCut(makePrng(1));
    const left = Array.from({ length: 32 }, (_, sector) => show(medium, sector));
    expect(new Set(left).size).toBe(2);
    expect(medium.volatileSectors).toBe(0);
  });
});

describe('a bad sector', () => {
  it('fails reads until it is written', () => {
    const medium = new SparseMedium({ sectorCount: 64 });
    const list = new SgList(1);
    list.pushAddress(0, 1024);
    medium.failReads(5, 1);
    expect(medium.read(4, 2, memory, list, 0)).toBe(MediumStatus.readError);
    expect(medium.read(6, 2, memory, list, 0)).toBe(MediumStatus.ok);
    expect(fill(medium, 5, 1)).toBe(MediumStatus.ok);
    expect(medium.read(4, 2, memory, list, 0)).toBe(MediumStatus.ok);
  });

  it('fails writes until it is healed', () => {
    const medium = new SparseMedium({ sectorCount: 64 });
    medium.failWrites(5, 1);
    expect(fill(medium, 4, 1, 2)).toBe(MediumStatus.writeError);
    expect(medium.zero(5, 1, false)).toBe(MediumStatus.writeError);
    expect(show(medium, 4)).toBe(0);
    medium.heal();
    expect(fill(medium, 4, 1, 2)).toBe(MediumStatus.ok);
  });
});

describe('a medium', () => {
  it.each([
    ['sectorBytes', { sectorCount: 8, sectorBytes: 520 }],
    ['sectorCount', { sectorCount: 0 }],
    ['sectorCount', { sectorCount: 2 ** 27 + 1 }],
    ['cacheSectors', { sectorCount: 8, cacheSectors: 0 }],
  ])('refuses a %s that it cannot use', (name, options) => {
    expect(() => new SparseMedium(options)).toThrow(ConfigError);
    expect(() => new SparseMedium(options)).toThrow(name);
  });

  it('allocates nothing per access', () => {
    const medium = new SparseMedium({ sectorCount: 1024 });
    const list = new SgList(1);
    list.pushAddress(0, 4096);
    const bytes = allocatedPerOp((count) => {
      for (let i = 0; i < count; i++) {
        medium.write((i & 63) * 8, 8, (i & 7) === 0, memory, list, 0);
        medium.read((i & 63) * 8, 8, memory, list, 0);
        if ((i & 255) === 0) medium.flush();
      }
    });
    expect(bytes).toBeLessThan(0.5);
  });
});

describe('a torn write', () => {
  /** How often each pattern of old (0) and new (1) 512-byte pieces is left of one write of 4 KiB after a cut. */
  function patterns(options: Partial<SparseMediumOptions>): Set<string> {
    const found = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const medium = new SparseMedium({ sectorCount: 64, ...options });
      const memory = new RegionMemory([{ base: 0, size: 4096 }]);
      memory.fill(0, 1, 4096);
      const data = new SgList();
      data.pushAddress(0, 4096);
      medium.write(0, 4096 / medium.sectorBytes, false, memory, data, 0);
      medium.powerCut(makePrng(seed));
      const left = medium.peek(0, 4096 / medium.sectorBytes);
      found.add(Array.from({ length: 8 }, (_, i) => left[i * 512]).join(''));
    }
    return found;
  }

  it.each([
    ['a sector', { sectorBytes: 512 }, 1],
    ['two sectors', { sectorBytes: 512, atomicBytes: 1024 }, 2],
    ['a part of a sector', { sectorBytes: 4096, atomicBytes: 1024 }, 2],
    ['one large sector', { sectorBytes: 4096 }, 8],
    ['more than the write', { sectorBytes: 512, atomicBytes: 65_536 }, 8],
  ] as const)('is torn at the borders of %s only, and there in every way', (_, options, pieces) => {
    const found = patterns(options);
    for (const pattern of found) {
      for (let i = 0; i < 8; i += pieces) {
        expect(new Set(pattern.slice(i, i + pieces)).size).toBe(1);
      }
    }
    expect(found.size).toBeGreaterThan(8 / pieces > 4 ? 100 : 2 ** (8 / pieces) - 1);
  });

  it('never shows a version that was not written: a unit goes back to before one of its writes', () => {
    for (let seed = 0; seed < 100; seed++) {
      const medium = new SparseMedium({ sectorCount: 8, atomicBytes: 1024 });
      const memory = new RegionMemory([{ base: 0, size: 1024 }]);
      const data = new SgList();
      data.pushAddress(0, 1024);
      for (let version = 1; version <= 3; version++) {
        memory.fill(0, version, 1024);
        // The second write touches the first sector of the unit alone.
        medium.write(0, version === 2 ? 1 : 2, false, memory, data, 0);
      }
      medium.powerCut(makePrng(seed));
      const left = medium.peek(0, 2);
      expect(['0 0', '1 1', '2 1', '3 3']).toContain(`${left[0]} ${left[512]}`);
    }
  });

  it('needs a unit that is a power of two', () => {
    for (const atomicBytes of [256, 768, 131_072]) {
      expect(() => new SparseMedium({ sectorCount: 8, atomicBytes })).toThrow(ConfigError);
    }
  });
});
