/** The laws of a block device, kept by the request queue in any shape, under any scheduler, on a driver that does all that drivers may do. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeScheduler, SCHEDULER_NAMES } from '../../src/block/make-scheduler.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkBlockDevice } from '../../src/testing/block/check-block-device.ts';
import { makeMedium } from '../block-drivers/worlds.ts';
import { checkProperty, runs } from '../support/runs.ts';

const limits = fc.record({
  maxSectors: fc.integer({ min: 1, max: 40 }).map((n) => n * 8),
  maxSegments: fc.integer({ min: 1, max: 20 }),
  maxSegmentSize: fc.integer({ min: 1, max: 16 }).map((n) => n * 4096),
  segBoundaryMask: fc.constantFrom(4095, 65_535, 0xffff_ffff),
  virtBoundaryMask: fc.constantFrom(0, 511, 4095),
  chunkSectors: fc.constantFrom(0, 8, 24, 128),
});

const shape = fc.record({
  scheduler: fc.constantFrom(...SCHEDULER_NAMES),
  queueDepth: fc.integer({ min: 1, max: 6 }),
  hardwareQueueCount: fc.integer({ min: 1, max: 3 }),
  requestCount: fc.integer({ min: 1, max: 12 }),
  noMerges: fc.constantFrom(0, 1, 2),
  seed: fc.nat(),
});

it('no limit is exceeded, each byte goes once, all tags are free at idle, and what was flushed or FUA survives, for each (write cache, FUA)', () => {
  let cases = 0;
  checkProperty(
    fc.property(limits, shape, (some, { scheduler, seed, noMerges, requestCount, ...sizes }) => {
      for (const writeCache of [true, false]) {
        for (const fua of [true, false]) {
          cases += 1;
          checkBlockDevice(
            (executor, _, watch) => {
              const medium = makeMedium({ writeCache });
              const options = { ...sizes, medium, completionNs: 1_000, limits: { ...some, fua } };
              const make = (on: SimExecutor, judge: typeof watch): RequestQueue =>
                new RequestQueue(on, judge(new NullBlkDriver(on, options)), {
                  scheduler: makeScheduler(scheduler),
                  noMerges,
                  requestCount: scheduler === 'none' ? undefined : requestCount,
                });
              const device = make(executor, watch);
              return {
                device,
                tagsInUse: () => device.tagsInUse + device.requestsInUse + device.biosInFlight,
                powerCut: (chance, next) => {
                  medium.powerCut(chance);
                  return make(next, (ops) => ops);
                },
              };
            },
            { seed, rounds: 2 },
          );
        }
      }
    }),
    runs(8, 24),
  );
  expect(cases).toBeGreaterThan(0);
});
