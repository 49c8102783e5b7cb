import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioOp, DEFAULT_LIMITS, type QueueLimits } from '../../src/interfaces/bio.ts';
import type { Request } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { WatchedOps } from '../../src/testing/block/watched-ops.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { HeldDriver, makeBio, makeMemory } from './rig.ts';

/** Where each sector's bytes lie in memory: the list of a request or bio as one address for each sector. */
function addresses(request: Pick<Request, 'data' | 'sector'>): [number, number][] {
  const found: [number, number][] = [];
  let sector = request.sector;
  for (let i = 0; i < request.data.count; i++) {
    for (let at = 0; at < request.data.lengths[i]!; at += 512) {
      found.push([sector, request.data.gpa(i) + at]);
      sector += 1;
    }
  }
  return found;
}

it('merges within the limits, and each sector keeps its memory', () => {
  const memory = makeMemory();
  const limits: fc.Arbitrary<QueueLimits> = fc
    .record({
      maxSectors: fc.integer({ min: 8, max: 64 }),
      maxSegments: fc.integer({ min: 1, max: 6 }),
      virtBoundaryMask: fc.constantFrom(0, 511, 4095),
      chunkSectors: fc.constantFrom(0, 8, 24),
      segBoundaryMask: fc.constantFrom(4095, 0xffff_ffff),
    })
    .map((some) => ({ ...DEFAULT_LIMITS, ...some }));
  const bio = fc.record({
    step: fc.constantFrom('behind', 'before', 'apart'),
    sectorCount: fc.integer({ min: 1, max: 20 }),
    gpa: fc.nat(400).map((n) => n * 512),
    op: fc.constantFrom(BioOp.read, BioOp.read, BioOp.read, BioOp.write),
  });
  let merges = 0;
  checkProperty(
    fc.property(limits, fc.array(bio, { minLength: 2, maxLength: 12 }), (some, fields) => {
      const driver = new HeldDriver(some, 64);
      const queue = new RequestQueue(new SimExecutor(), new WatchedOps(driver));
      let [first, last] = [10_000, 10_000];
      queue.plug();
      const bios = fields.map(({ step, sectorCount, ...rest }) => {
        const sector = { behind: last, before: first - sectorCount, apart: last + 1_000 }[step];
        [first, last] =
          step === 'apart'
            ? [sector, sector + sectorCount]
            : [Math.min(first, sector), Math.max(last, sector + sectorCount)];
        const made = makeBio(memory, { sector, sectorCount, ...rest });
        queue.submitBio(made);
        return made;
      });
      queue.unplug();
      const bySector = ([a]: [number, number], [b]: [number, number]): number => a - b;
      const seen = driver.held.flatMap(addresses).sort(bySector);
      expect(seen).toEqual(bios.flatMap(addresses).sort(bySector));
      merges += queue.stats.read.merges + queue.stats.write.merges;
      driver.endAll();
      expect(bios.every((each) => each.ends === 1)).toBe(true);
      expect(queue.tagsInUse).toBe(0);
    }),
    runs(300, 3_000),
  );
  expect(merges).toBeGreaterThan(50);
});
