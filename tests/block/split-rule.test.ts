import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import {
  type BioCursor,
  maxSectorsAt,
  nextPartSectors,
  takePart,
} from '../../src/block/split-rule.ts';
import { BioOp, DEFAULT_LIMITS, type QueueLimits } from '../../src/interfaces/bio.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();

interface Part {
  sector: number;
  sectors: number;
  data: SgList;
}

/** All parts of a bio, until none is left or one cannot be cut. */
function partsOf(limits: QueueLimits, bio: ReturnType<typeof makeBio>): Part[] {
  const cursor: BioCursor = { sectorsTaken: 0, segment: 0, segmentOffset: 0 };
  const parts: Part[] = [];
  while (cursor.sectorsTaken < bio.sectorCount) {
    const sector = bio.sector + cursor.sectorsTaken;
    const sectors = nextPartSectors(limits, bio, cursor);
    if (sectors === 0) break;
    const data = new SgList();
    takePart(limits, bio, cursor, sectors, data);
    parts.push({ sector, sectors, data });
  }
  return parts;
}

const boundary = (least: number) =>
  fc.integer({ min: least, max: 17 }).map((bits) => 2 ** bits - 1);

const limitsArbitrary: fc.Arbitrary<QueueLimits> = fc
  .record({
    logical: fc.constantFrom(512, 1024, 4096),
    physicalTimes: fc.constantFrom(1, 2, 8),
    maxSectors: fc.integer({ min: 8, max: 300 }),
    maxSegments: fc.integer({ min: 1, max: 20 }),
    maxSegmentSize: fc.integer({ min: 4096, max: 70_000 }),
    segBoundaryMask: fc.oneof(boundary(12), fc.constant(0xffff_ffff)),
    virtBoundaryMask: fc.oneof(fc.constant(0), boundary(9)),
    chunkBlocks: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
  })
  .map(({ logical, physicalTimes, chunkBlocks, ...rest }) => ({
    ...DEFAULT_LIMITS,
    ...rest,
    logicalBlockSize: logical,
    physicalBlockSize: logical * physicalTimes,
    chunkSectors: (chunkBlocks * logical) / 512,
  }));

/** Runs of memory, in dwords, that hold a whole number of blocks together. */
const runsArbitrary = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 4095 }),
    fc.constantFrom(4, 256, 512, 512, 4096, 4096, 40_000),
  ),
  { minLength: 1, maxLength: 24 },
);

describe('splitting', () => {
  it('keeps every limit, every byte and the order, for all limits and all bios', () => {
    checkProperty(
      fc.property(limitsArbitrary, runsArbitrary, fc.nat(500), (limits, pieces, start) => {
        const block = limits.logicalBlockSize;
        const segments = pieces.map(([page, bytes]) => [page * 512, bytes] as [number, number]);
        const total = segments.reduce((sum, [, bytes]) => sum + bytes, 0);
        const over = total % block;
        if (over !== 0) segments.push([2 ** 21, block - over]);
        const bytes = segments.reduce((sum, [, length]) => sum + length, 0);
        const bio = makeBio(memory, {
          op: BioOp.write,
          sector: (start * block) / 512,
          sectorCount: bytes / 512,
          runs: segments,
        });
        const parts = partsOf(limits, bio);
        judge(limits, bio, parts);
      }),
      runs(400, 5_000),
    );
  });

  it('never gives up on memory of whole blocks', () => {
    const pages = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 40 });
    checkProperty(
      fc.property(limitsArbitrary, pages, fc.nat(500), (limits, at, start) => {
        const block = limits.logicalBlockSize;
        const bio = makeBio(memory, {
          sector: (start * block) / 512,
          sectorCount: at.length * 8,
          runs: at.map((page) => [page * 4096, 4096]),
        });
        const taken = partsOf(limits, bio).reduce((sum, part) => sum + part.sectors, 0);
        // A boundary below the page, or a chunk that is cut off it, leaves pieces that no limit lets through.
        expect(taken).toBe(bio.sectorCount);
      }),
      runs(400, 5_000),
    );
  });

  it('falls on a physical block where one lies within reach', () => {
    const limits = { ...DEFAULT_LIMITS, physicalBlockSize: 4096, maxSectors: 20 };
    expect(maxSectorsAt(limits, 0)).toBe(16);
    expect(maxSectorsAt(limits, 3)).toBe(13);
    expect(maxSectorsAt({ ...limits, physicalBlockSize: 65_536 }, 3)).toBe(20);
  });

  it('falls where the chunk ends', () => {
    const limits = { ...DEFAULT_LIMITS, chunkSectors: 24 };
    expect(maxSectorsAt(limits, 20)).toBe(4);
    expect(maxSectorsAt(limits, 24)).toBe(24);
  });

  it('leaves one segment inside one page whole', () => {
    const limits = { ...DEFAULT_LIMITS, physicalBlockSize: 4096, maxSectors: 8 };
    const bio = makeBio(memory, { sector: 1, sectorCount: 8 });
    expect(partsOf(limits, bio)).toHaveLength(1);
    expect(partsOf({ ...limits, chunkSectors: 8 }, bio)).toHaveLength(2);
    const crossing = makeBio(memory, { sector: 1, sectorCount: 8, gpa: 512 });
    expect(partsOf(limits, crossing).map((part) => part.sectors)).toEqual([7, 1]);
  });

  it('crosses 4 GiB with the whole address', () => {
    const bio = makeBio(memory, { sectorCount: 16, runs: [[2 ** 32 - 4096, 8192]] });
    const [part] = partsOf(DEFAULT_LIMITS, bio);
    expect([part!.data.gpa(0), part!.data.gpa(1)]).toEqual([2 ** 32 - 4096, 2 ** 32]);
  });
});

function judge(limits: QueueLimits, bio: ReturnType<typeof makeBio>, parts: Part[]): void {
  let at = bio.sector;
  const taken = new SgList();
  for (const { sector, sectors, data } of parts) {
    expect(sector).toBe(at);
    at += sectors;
    expect(sectors % (limits.logicalBlockSize / 512)).toBe(0);
    expect(sectors).toBeLessThanOrEqual(limits.maxSectors);
    const { chunkSectors, segBoundaryMask, virtBoundaryMask } = limits;
    if (chunkSectors > 0)
      expect((sector % chunkSectors) + sectors).toBeLessThanOrEqual(chunkSectors);
    expect(data.byteLength).toBe(sectors * 512);
    expect(data.count).toBeLessThanOrEqual(limits.maxSegments);
    for (let i = 0; i < data.count; i++) {
      const gpa = data.gpa(i);
      const length = data.lengths[i]!;
      expect(length).toBeLessThanOrEqual(limits.maxSegmentSize);
      expect(Math.floor(gpa / (segBoundaryMask + 1))).toBe(
        Math.floor((gpa + length - 1) / (segBoundaryMask + 1)),
      );
      if (i > 0) expect(gpa & virtBoundaryMask).toBe(0);
      if (i < data.count - 1) expect((gpa + length) & virtBoundaryMask).toBe(0);
      taken.push(data.lo[i]!, data.hi[i]!, length);
    }
  }
  expect(runsOf(taken, taken.byteLength)).toEqual(runsOf(bio.data, taken.byteLength));
}

/** The first `most` bytes of a list as runs [address, bytes] that do not touch one another. */
function runsOf(list: SgList, most: number): [number, number][] {
  const found: [number, number][] = [];
  let left = most;
  for (let i = 0; i < list.count && left > 0; i++) {
    const length = Math.min(left, list.lengths[i]!);
    const last = found.at(-1);
    if (last !== undefined && last[0] + last[1] === list.gpa(i)) last[1] += length;
    else found.push([list.gpa(i), length]);
    left -= length;
  }
  return found;
}
