/** Whatever a driver does within its laws: each bio ends once, each tag comes back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeScheduler, SCHEDULER_NAMES } from '../../src/block/make-scheduler.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { QueueRqResult, TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { WatchedOps } from '../../src/testing/block/watched-ops.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { HeldDriver, makeBio, makeMemory, type TestBio } from './rig.ts';

const memory = makeMemory();

const step = fc.oneof(
  fc.record({
    kind: fc.constant('bio' as const),
    op: fc.constantFrom(BioOp.read, BioOp.write, BioOp.flush, BioOp.discard),
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
  fc.record({ kind: fc.constant('giveBack' as const), part: fc.nat(8) }),
  fc.record({
    kind: fc.constantFrom(
      'plug' as const,
      'unplug' as const,
      'quiesce' as const,
      'freeze' as const,
      'thaw' as const,
      'reset' as const,
    ),
  }),
  fc.record({ kind: fc.constant('timeout' as const), ends: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), ns: fc.nat(4_000_000) }),
);

/** A queue, what was submitted, and the steps that can happen to both. */
class Story {
  readonly executor = new SimExecutor();
  readonly driver: HeldDriver;
  readonly queue: RequestQueue;
  readonly bios: TestBio[] = [];
  frozen = 0;
  freezes = 0;
  #plugs = 0;
  #isQuiesced = false;
  #isFrozen = false;

  constructor({ depth, queues, writeCache, fua, scheduler }: Setup) {
    this.driver = new HeldDriver(
      { writeCache, fua: writeCache && fua, maxSectors: 8, maxDiscardSectors: 16 },
      depth,
      queues,
    );
    this.queue = new RequestQueue(this.executor, new WatchedOps(this.driver), {
      scheduler: makeScheduler(scheduler),
      timeoutNs: TIMEOUT_NS,
    });
  }

  step(each: Step): void {
    const { driver, queue, executor } = this;
    switch (each.kind) {
      case 'bio': {
        const sectorCount = each.op === BioOp.flush ? 0 : each.sectorCount;
        const isWrite = each.op === BioOp.write;
        const flags = isWrite ? each.flags : each.flags & BioFlag.noWait;
        const bio = makeBio(memory, { ...each, sectorCount, flags });
        this.bios.push(bio);
        queue.submitBio(bio);
        break;
      }
      case 'end':
        if (driver.held.length > 0) driver.endOne(each.status, each.index % driver.held.length);
        break;
      case 'refuse':
        driver.answers.push(each.answer);
        break;
      case 'giveBack':
        if (driver.held.length > 0) {
          const { sectorCount } = driver.held[0]!;
          driver.giveBack(each.part < sectorCount ? each.part : 0);
        }
        break;
      case 'reset':
        for (let left = driver.held.length; left > 0; left--) driver.giveBack();
        break;
      case 'timeout':
        // The driver ends what is too late, or asks for more time.
        driver.verdict = each.ends ? TimeoutVerdict.done : TimeoutVerdict.resetTimer;
        executor.runUntil(executor.now + 2 * TIMEOUT_NS);
        break;
      case 'wait':
        executor.runUntil(executor.now + each.ns);
        break;
      default:
        this.#turn(each.kind);
    }
    if (driver.verdict === TimeoutVerdict.done) {
      for (const late of driver.timedOut.splice(0)) {
        const index = driver.held.indexOf(late);
        if (index >= 0) driver.endOne(BlkStatus.timeout, index);
      }
    }
  }

  #turn(kind: 'plug' | 'unplug' | 'quiesce' | 'freeze' | 'thaw'): void {
    const { queue } = this;
    if (kind === 'plug') {
      this.#plugs += 1;
      queue.plug();
    } else if (kind === 'unplug' && this.#plugs > 0) {
      this.#plugs -= 1;
      queue.unplug();
    } else if (kind === 'quiesce' && !this.#isQuiesced) {
      this.#isQuiesced = true;
      queue.quiesce();
    } else if (kind === 'freeze' && !this.#isFrozen) {
      this.#isFrozen = true;
      this.freezes += 1;
      queue.freeze(() => {
        this.frozen += 1;
        expect([queue.tagsInUse, queue.requestsInUse, this.driver.held.length]).toEqual([0, 0, 0]);
      });
    } else if (kind === 'thaw') {
      if (this.#isQuiesced) queue.unquiesce();
      this.#isQuiesced = false;
      if (this.#isFrozen && this.frozen === this.freezes) {
        queue.unfreeze();
        this.#isFrozen = false;
      }
    }
  }

  /** Lets everything that was begun come to its end. */
  finish(): void {
    while (this.#plugs > 0) this.#turn('unplug');
    for (let idle = 0; idle < 3; ) {
      this.#turn('thaw');
      const before = this.queue.biosInFlight;
      this.driver.endAll();
      this.executor.runUntilIdle();
      const isStill = before === this.queue.biosInFlight && this.driver.held.length === 0;
      idle = isStill ? idle + 1 : 0;
    }
  }
}

const TIMEOUT_NS = 1_000_000;

const setup = fc.record({
  depth: fc.integer({ min: 1, max: 4 }),
  queues: fc.integer({ min: 1, max: 2 }),
  writeCache: fc.boolean(),
  fua: fc.boolean(),
  scheduler: fc.constantFrom(...SCHEDULER_NAMES),
});

type Setup = typeof setup extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

it('all bios end once and all tags are free at idle, for any ends, refusals, requeues, resets, timeouts, plugs and freezes', () => {
  let frozen = 0;
  checkProperty(
    fc.property(setup, fc.array(step, { maxLength: 60 }), (each, steps) => {
      const story = new Story(each);
      for (const next of steps) story.step(next);
      story.finish();
      expect(story.bios.filter((bio) => bio.ends !== 1)).toEqual([]);
      const { queue } = story;
      expect([queue.biosInFlight, queue.tagsInUse, queue.requestsInUse]).toEqual([0, 0, 0]);
      expect([queue.stats.inFlight, story.frozen]).toEqual([0, story.freezes]);
      frozen += story.frozen;
    }),
    runs(300, 5_000),
  );
  expect(frozen).toBeGreaterThan(20);
});
