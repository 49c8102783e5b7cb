import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLimits } from '../../src/block/queue-limits.ts';
import { nextPartSectors } from '../../src/block/split-rule.ts';
import { stackLimits, topologyOf } from '../../src/block/stack-limits.ts';
import { BioOp, DEFAULT_LIMITS, type QueueLimits } from '../../src/interfaces/bio.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { makeBio, makeMemory } from './rig.ts';

const limitsOf = (some: Partial<QueueLimits>) => ({ ...DEFAULT_LIMITS, ...some });
const stack = (...some: Partial<QueueLimits>[]) =>
  stackLimits(some.map((each) => ({ limits: limitsOf(each) })));

describe('stackLimits', () => {
  it.each<
    [keyof QueueLimits, QueueLimits[keyof QueueLimits], QueueLimits[keyof QueueLimits], unknown]
  >([
    ['logicalBlockSize', 512, 4096, 4096],
    ['physicalBlockSize', 512, 4096, 4096],
    ['maxSectors', 255, 64, 64],
    ['maxSegments', 128, 31, 31],
    ['maxSegmentSize', 65_536, 4096, 4096],
    ['segBoundaryMask', 0xffff_ffff, 4095, 4095],
    ['virtBoundaryMask', 0, 4095, 4095],
    ['virtBoundaryMask', 4095, 0xffff, 4095],
    ['chunkSectors', 0, 24, 24],
    ['chunkSectors', 24, 16, 8],
    ['maxDiscardSectors', 0, 100, 0],
    ['maxDiscardSectors', 200, 100, 100],
    ['discardGranularity', 512, 65_536, 65_536],
    ['maxWriteZeroesSectors', 0, 8, 0],
    ['writeCache', false, true, true],
    ['fua', false, true, true],
  ])('makes %s of %s and %s', (name, a, b, both) => {
    const physical = { physicalBlockSize: name === 'logicalBlockSize' ? 4096 : 512 };
    const [one, two] = [
      { ...physical, [name]: a },
      { ...physical, [name]: b },
    ];
    expect(stack(one, two).limits[name]).toBe(both);
    expect(stack(two, one).limits[name]).toBe(both);
  });

  it('keeps the limits of a single device', () => {
    expect(stack({ chunkSectors: 8, writeCache: true }).limits).toEqual(
      limitsOf({ chunkSectors: 8, writeCache: true }),
    );
  });

  it('drops a chunk that cuts physical blocks, and says that it is misaligned', () => {
    const { limits, topology } = stack({ chunkSectors: 12 }, { physicalBlockSize: 4096 });
    expect(limits.chunkSectors).toBe(0);
    expect(topology.isMisaligned).toBe(true);
  });

  it.each([
    [0, 0, 0],
    [63, 512, 512],
    [2048, 0, 0],
    [1, 3584, 65_024],
  ])(
    'tells how the blocks lie of a range that starts at sector %i',
    (startSector, offset, discard) => {
      const limits = limitsOf({ physicalBlockSize: 4096, discardGranularity: 65_536 });
      const { topology } = stackLimits([{ limits, startSector }]);
      const discardAlignment = startSector === 63 ? 65_536 - 63 * 512 : discard;
      expect(topology).toMatchObject({ alignmentOffset: offset, discardAlignment, ioMin: 4096 });
    },
  );

  it('says when blocks of 4 KiB start in the middle of one another', () => {
    const limits = limitsOf({ physicalBlockSize: 4096 });
    const whole = { limits, startSector: 8 };
    const crooked = { limits, startSector: 7 };
    expect(stackLimits([whole, whole]).topology.isMisaligned).toBe(false);
    expect(stackLimits([whole, crooked]).topology.isMisaligned).toBe(true);
    const blocks = limitsOf({ logicalBlockSize: 4096, physicalBlockSize: 4096 });
    expect(stackLimits([{ limits: blocks, startSector: 7 }]).topology.isMisaligned).toBe(true);
  });

  it('takes the best size as a common multiple, and none that cuts physical blocks', () => {
    const limits = DEFAULT_LIMITS;
    const best = (ioOpt: number) => ({ limits, topology: { ...topologyOf(limits), ioOpt } });
    expect(stackLimits([best(0), best(4096)]).topology.ioOpt).toBe(4096);
    expect(stackLimits([best(4096), best(6144)]).topology.ioOpt).toBe(12_288);
    expect(stackLimits([best(700)]).topology).toMatchObject({ ioOpt: 0, isMisaligned: true });
  });
});

it('what fits the stacked limits fits each device below without a cut', () => {
  const power = (from: number, to: number) => fc.integer({ min: from, max: to }).map((n) => 2 ** n);
  const some = fc.record({
    maxSectors: fc.integer({ min: 8, max: 64 }),
    maxSegments: fc.integer({ min: 1, max: 6 }),
    maxSegmentSize: power(12, 16),
    segBoundaryMask: power(12, 16).map((size) => size - 1),
    chunkSectors: fc.constantFrom(0, 8, 16, 24, 64),
    physicalBlockSize: fc.constantFrom(512, 4096),
  });
  const runsOf = fc.array(fc.tuple(fc.nat(63), fc.integer({ min: 1, max: 16 })), {
    minLength: 1,
    maxLength: 6,
  });
  const memory = makeMemory();
  checkProperty(
    fc.property(
      fc.array(some, { minLength: 1, maxLength: 3 }),
      runsOf,
      fc.nat(200),
      (lowers, where, sector) => {
        const { limits } = stack(...lowers);
        expect(() => checkLimits(limits)).not.toThrow();
        const list = where.map(([at, sectors]) => [at * 512, sectors * 512] as const);
        const sectorCount = where.reduce((sum, [, sectors]) => sum + sectors, 0);
        const bio = makeBio(memory, { op: BioOp.write, sector, sectorCount, runs: list });
        const cursor = { sectorsTaken: 0, segment: 0, segmentOffset: 0 };
        if (nextPartSectors(limits, bio, cursor) < sectorCount) return;
        for (const lower of lowers) {
          // A chunk that cuts physical blocks was dropped.
          const below = {
            ...limitsOf(lower),
            chunkSectors: limits.chunkSectors && lower.chunkSectors,
          };
          expect(nextPartSectors(below, bio, cursor)).toBe(sectorCount);
        }
      },
    ),
    runs(300, 5_000),
  );
});
