/** Whatever a driver does within its laws: each bio ends once, each tag comes back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { WatchedOps } from '../../src/testing/block/watched-ops.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { HeldDriver, makeBio, makeMemory, type TestBio } from './rig.ts';

const memory = makeMemory();

const step = fc.oneof(
  fc.record({
    kind: fc.constant('bio' as const),
    op: fc.constantFrom(BioOp.read, BioOp.write, BioOp.flush),
    sector: fc.nat(100),
    sectorCount: fc.integer({ min: 1, max: 40 }),
    flags: fc.constantFrom(0, BioFlag.fua, BioFlag.preflush, BioFlag.noWait),
  }),
  fc.record({
    kind: fc.constant('end' as const),
    index: fc.nat(9),
    status: fc.constantFrom(BlkStatus.ok, BlkStatus.ok, BlkStatus.ioError, BlkStatus.medium),
  }),
  fc.record({
    kind: fc.constant('refuse' as const),
    answer: fc.constantFrom(QueueRqResult.resource, QueueRqResult.deviceResource),
  }),
  fc.record({ kind: fc.constantFrom('plug' as const, 'unplug' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ns: fc.nat(4_000_000) }),
);

it('all bios end once and all tags are free at idle, for any ends, refusals and plugs', () => {
  const setup = fc.record({
    depth: fc.integer({ min: 1, max: 4 }),
    queues: fc.integer({ min: 1, max: 2 }),
    writeCache: fc.boolean(),
    fua: fc.boolean(),
  });
  checkProperty(
    fc.property(setup, fc.array(step, { maxLength: 60 }), ({ depth, queues, ...cache }, steps) => {
      const executor = new SimExecutor();
      const driver = new HeldDriver(
        { ...cache, maxSectors: 8, fua: cache.writeCache && cache.fua },
        depth,
        queues,
      );
      const queue = new RequestQueue(executor, new WatchedOps(driver));
      const bios: TestBio[] = [];
      let plugs = 0;
      for (const each of steps) {
        switch (each.kind) {
          case 'bio': {
            const sectorCount = each.op === BioOp.flush ? 0 : each.sectorCount;
            const flags = each.op === BioOp.read ? each.flags & BioFlag.noWait : each.flags;
            const bio = makeBio(memory, { ...each, sectorCount, flags });
            bios.push(bio);
            queue.submitBio(bio);
            break;
          }
          case 'end':
            if (driver.held.length > 0) driver.endOne(each.status, each.index % driver.held.length);
            break;
          case 'refuse':
            driver.answers.push(each.answer);
            break;
          case 'plug':
            plugs += 1;
            queue.plug();
            break;
          case 'unplug':
            if (plugs > 0) {
              plugs -= 1;
              queue.unplug();
            }
            break;
          default:
            executor.runUntil(executor.now + each.ns);
        }
      }
      for (; plugs > 0; plugs--) queue.unplug();
      while (queue.biosInFlight > 0 && !(executor.isIdle && driver.held.length === 0)) {
        driver.endAll();
        executor.runUntilIdle();
      }
      expect(bios.filter((bio) => bio.ends !== 1)).toEqual([]);
      expect([queue.biosInFlight, queue.tagsInUse, queue.stats.inFlight]).toEqual([0, 0, 0]);
    }),
    runs(300, 5_000),
  );
});
