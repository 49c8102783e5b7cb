import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { DEFAULT_TIMEOUT_NS } from '../../src/block/timeout-watch.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';
import { TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeBio, makeMemory } from './rig.ts';

const SECOND = 1_000_000_000;

function makeRig() {
  const executor = new SimExecutor();
  const driver = new HeldDriver();
  const queue = new RequestQueue(executor, driver);
  const memory = makeMemory();
  const submit = (sector: number) => {
    const bio = makeBio(memory, { sector });
    queue.submitBio(bio);
    return bio;
  };
  return { executor, driver, queue, submit };
}

describe('a request that takes too long', () => {
  it('is shown to the driver after 30 s, and again while it asks for more time', () => {
    const { executor, driver, submit } = makeRig();
    submit(0);
    executor.runUntil(DEFAULT_TIMEOUT_NS - 1);
    expect(driver.timedOut).toHaveLength(0);
    executor.runUntil(DEFAULT_TIMEOUT_NS);
    expect(driver.timedOut).toHaveLength(1);
    executor.runUntil(2 * DEFAULT_TIMEOUT_NS);
    expect(driver.timedOut).toHaveLength(2);
  });

  it('is shown once when the driver will end it', () => {
    const { executor, driver, submit } = makeRig();
    const bio = submit(0);
    driver.verdict = TimeoutVerdict.done;
    executor.runUntil(5 * DEFAULT_TIMEOUT_NS);
    expect(driver.timedOut).toHaveLength(1);
    driver.endOne(BlkStatus.timeout);
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.timeout });
  });

  it('is judged by its own start', () => {
    const { executor, driver, submit } = makeRig();
    submit(0);
    executor.runUntil(10 * SECOND);
    submit(8);
    executor.runUntil(20 * SECOND);
    driver.endOne();
    executor.runUntil(39 * SECOND);
    expect(driver.timedOut).toHaveLength(0);
    executor.runUntil(40 * SECOND);
    expect(driver.timedOut.map((request) => request.sector)).toEqual([8]);
  });

  it('may be ended inside the question, and its slot used again at once', () => {
    const { executor, driver, submit } = makeRig();
    const bio = submit(0);
    let again: ReturnType<typeof submit> | undefined;
    const { end } = bio;
    bio.end = (ended) => {
      end(ended);
      again = submit(8);
    };
    driver.verdict = TimeoutVerdict.done;
    driver.timeout = (request) => {
      driver.timedOut.push(request);
      if (driver.timedOut.length === 1) driver.endOne(BlkStatus.timeout);
      return TimeoutVerdict.done;
    };
    executor.runUntil(DEFAULT_TIMEOUT_NS);
    expect(bio.ends).toBe(1);
    executor.runUntil(2 * DEFAULT_TIMEOUT_NS);
    expect(driver.timedOut).toHaveLength(2);
    driver.endOne();
    expect(again?.ends).toBe(1);
  });

  it('does not keep the world from being idle', () => {
    const { executor, submit, driver } = makeRig();
    submit(0);
    driver.endOne();
    executor.runUntilIdle();
    expect(executor.now).toBe(0);
  });
});
