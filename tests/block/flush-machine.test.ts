import { describe, expect, it } from 'vitest';
import { FLUSH_PENDING_NS, flushStepsFor } from '../../src/block/flush-machine.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioFlag, BioOp, BlkStatus, DEFAULT_LIMITS } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { type BioFields, HeldDriver, makeBio, makeMemory, settle, type TestBio } from './rig.ts';

const { preflush: PREFLUSH, fua: FUA } = BioFlag;

function makeRig(writeCache: boolean, fua: boolean, depth = 4) {
  const executor = new SimExecutor();
  const driver = new HeldDriver({ writeCache, fua }, depth);
  const queue = new RequestQueue(executor, driver);
  const memory = makeMemory();
  // The steps of a request go to the driver on a later turn.
  driver.settle = () => settle(executor);
  const submit = (fields: BioFields): TestBio => {
    const bio = makeBio(memory, { op: BioOp.write, ...fields });
    queue.submitBio(bio);
    settle(executor);
    return bio;
  };
  /** Ends one request after the other and says what the driver saw, in order. */
  const drain = (): string[] => {
    const seen = driver.takeLog();
    while (driver.held.length > 0) {
      driver.endOne();
      seen.push(...driver.takeLog());
    }
    executor.runUntilIdle();
    return seen;
  };
  return { executor, driver, queue, submit, drain };
}

describe('the steps of a write', () => {
  // Columns: write cache, device FUA, flags of the bio, what the driver sees.
  it.each([
    [false, false, PREFLUSH | FUA, ['write 0+8']],
    [false, true, PREFLUSH | FUA, ['write 0+8']],
    [true, false, 0, ['write 0+8']],
    [true, false, PREFLUSH, ['flush', 'write 0+8']],
    [true, false, FUA, ['write 0+8', 'flush']],
    [true, false, PREFLUSH | FUA, ['flush', 'write 0+8', 'flush']],
    [true, true, PREFLUSH, ['flush', 'write 0+8']],
    [true, true, FUA, ['write 0+8 fua']],
    [true, true, PREFLUSH | FUA, ['flush', 'write 0+8 fua']],
  ] as const)('with write cache %s, FUA %s and flags %i are %j', (cache, fua, flags, steps) => {
    const { drain, submit, queue } = makeRig(cache, fua);
    const bio = submit({ flags });
    expect(bio.ends).toBe(0);
    expect(drain()).toEqual(steps);
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.ok });
    expect(queue.tagsInUse).toBe(0);
  });

  it.each([
    [{ op: BioOp.flush, sectorCount: 0 }],
    [{ sectorCount: 0, flags: PREFLUSH }],
    [{ sectorCount: 0, flags: PREFLUSH | FUA }],
  ])('without data are one flush, or none without a cache: %j', (fields) => {
    const cached = makeRig(true, false);
    const bio = cached.submit(fields);
    expect(cached.drain()).toEqual(['flush']);
    expect(bio.ends).toBe(1);
    const durable = makeRig(false, false);
    const other = durable.submit(fields);
    expect(durable.drain()).toEqual([]);
    expect(other).toMatchObject({ ends: 1, status: BlkStatus.ok });
  });

  it('are decided by a table', () => {
    const limits = { ...DEFAULT_LIMITS, writeCache: true };
    expect(flushStepsFor(limits, FUA, true)).toBe(6);
    expect(flushStepsFor(limits, FUA, false)).toBe(0);
    expect(flushStepsFor({ ...limits, fua: true }, FUA, true)).toBe(0);
    expect(flushStepsFor(DEFAULT_LIMITS, PREFLUSH, true)).toBe(0);
  });
});

describe('the flush machine', () => {
  it('shares one flush among those that wait, and starts another for those that came too late', () => {
    const { driver, submit } = makeRig(true, false, 8);
    const first = submit({ op: BioOp.flush, sectorCount: 0 });
    const second = submit({ op: BioOp.flush, sectorCount: 0 });
    const third = submit({ op: BioOp.flush, sectorCount: 0 });
    expect(driver.takeLog()).toEqual(['flush']);
    driver.endOne();
    expect([first.ends, second.ends, third.ends]).toEqual([1, 0, 0]);
    expect(driver.takeLog()).toEqual(['flush']);
    driver.endOne();
    expect([second.ends, third.ends]).toEqual([1, 1]);
  });

  it('waits with the post-flush until all data in flight is written', () => {
    const { driver, submit } = makeRig(true, false);
    const bios = [0, 8].map((sector) => submit({ sector, flags: FUA }));
    driver.endOne();
    expect(driver.log).not.toContain('flush');
    driver.endOne();
    expect(driver.takeLog()).toEqual(['write 0+8', 'write 8+8', 'flush']);
    driver.endOne();
    expect(bios.map((bio) => bio.ends)).toEqual([1, 1]);
  });

  it('does not wait for data for ever', () => {
    const { driver, executor, submit } = makeRig(true, false, 8);
    submit({ sector: 0, flags: FUA });
    submit({ sector: 8, flags: FUA });
    driver.endOne();
    executor.runUntil(FLUSH_PENDING_NS);
    submit({ sector: 16, flags: FUA });
    expect(driver.log).toContain('flush more');
  });

  it('ends all who share a flush with its error, without their data', () => {
    const { driver, submit, drain } = makeRig(true, false);
    submit({ op: BioOp.flush, sectorCount: 0 });
    const waiting = [submit({ flags: PREFLUSH }), submit({ sector: 8, flags: PREFLUSH })];
    driver.endOne();
    driver.endOne(BlkStatus.ioError);
    expect(waiting.map((bio) => [bio.ends, bio.status])).toEqual([
      [1, BlkStatus.ioError],
      [1, BlkStatus.ioError],
    ]);
    expect(drain()).toEqual(['flush', 'flush']);
  });

  it('does not flush after data that failed', () => {
    const { driver, submit, drain } = makeRig(true, false);
    const bio = submit({ flags: FUA });
    driver.endOne(BlkStatus.medium);
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.medium });
    expect(drain()).toEqual(['write 0+8']);
  });

  it('needs no tag of its own', () => {
    const { submit, drain, queue } = makeRig(true, false, 1);
    const bios = [0, 8].map((sector) => submit({ sector, flags: PREFLUSH | FUA }));
    expect(drain()).toEqual(['flush', 'write 0+8', 'flush', 'flush', 'write 8+8', 'flush']);
    expect(bios.map((bio) => bio.ends)).toEqual([1, 1]);
    expect(queue.tagsInUse).toBe(0);
  });

  it('lets a bio that ends submit the next flush', () => {
    const { driver, submit, drain } = makeRig(true, false);
    const bio = submit({ op: BioOp.flush, sectorCount: 0 });
    submit({ flags: PREFLUSH });
    let next: TestBio | undefined;
    bio.end = () => {
      next = submit({ op: BioOp.flush, sectorCount: 0 });
    };
    driver.endOne();
    drain();
    expect(next?.ends).toBe(1);
  });
});
