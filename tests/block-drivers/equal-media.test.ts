/** The same bios give the same medium, whatever the driver and its disk. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { type Bio, BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, type TestBio } from '../block/rig.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { DRIVERS, makeDriver, makeMedium } from './worlds.ts';

const SECTORS = 256;

interface BioShape {
  op: BioOp;
  sector: number;
  count: number;
  flags: number;
  page: number;
  /** Runs until idle before the next one. */
  waits: boolean;
}

const shape: fc.Arbitrary<BioShape> = fc.record({
  op: fc.constantFrom(BioOp.write, BioOp.write, BioOp.write, BioOp.read, BioOp.flush),
  sector: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: 64 }),
  flags: fc.constantFrom(0, 0, BioFlag.preflush, BioFlag.fua, BioFlag.preflush | BioFlag.fua),
  page: fc.nat(7),
  waits: fc.boolean(),
});

/** Bios in flight together must not write what another touches: then the medium would depend on who wins. */
function isApart(bio: BioShape, others: readonly BioShape[]): boolean {
  return others.every((other) => {
    if (bio.op !== BioOp.write && other.op !== BioOp.write) return true;
    return bio.sector + bio.count <= other.sector || other.sector + other.count <= bio.sector;
  });
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What the medium and the memory hold in the end, and how the bios ended. */
function run(name: (typeof DRIVERS)[number], shapes: readonly BioShape[]): unknown {
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, size: 16 * 65_536 }]);
  const bytes = memory.regions[0]!.words;
  const chance = makePrng(7);
  for (let i = 0; i < bytes.length; i++) bytes[i] = chance.next32();
  const medium = makeMedium({ sectorCount: SECTORS + 64, writeCache: true });
  const queue = new RequestQueue(executor, makeDriver(name, executor, medium, memory));
  const bios: Bio[] = [];
  let inFlight: BioShape[] = [];
  for (const each of shapes) {
    if (!isApart(each, inFlight)) {
      executor.runUntilIdle();
      inFlight = [];
    }
    bios.push(submit(queue, memory, each, bios.length));
    inFlight.push(each);
    if (each.waits) {
      executor.runUntilIdle();
      inFlight = [];
    }
  }
  executor.runUntilIdle();
  expect([queue.biosInFlight, queue.tagsInUse]).toEqual([0, 0]);
  expect(bios.every((bio) => (bio as TestBio).ends === 1)).toBe(true);
  return {
    statuses: bios.map((bio) => bio.status),
    medium: digest(medium.peek(0, SECTORS + 64)),
    memory: digest(memory.regions[0]!.bytes),
  };
}

function submit(
  queue: RequestQueue,
  memory: RegionMemory,
  { op, sector, count, flags, page }: BioShape,
  index: number,
): Bio {
  const isFlush = op === BioOp.flush;
  const bio = makeBio(memory, {
    op,
    sector: isFlush ? 0 : sector,
    sectorCount: isFlush ? 0 : count,
    flags: op === BioOp.read ? 0 : flags,
    // Each bio of a batch has memory of its own: reads into it must not race.
    gpa: (index % 16) * 65_536 + page * 512,
  });
  queue.submitBio(bio);
  return bio;
}

it('null_blk, SATA, SCSI and NVMe leave the same medium and the same memory', () => {
  checkProperty(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 16 }), (shapes) => {
      const [first, ...others] = DRIVERS.map((name) => run(name, shapes));
      expect((first as { statuses: number[] }).statuses.every((s) => s === BlkStatus.ok)).toBe(
        true,
      );
      for (const other of others) expect(other).toEqual(first);
    }),
    runs(30, 1_000),
  );
});
