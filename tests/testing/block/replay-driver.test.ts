import { expect, it } from 'vitest';
import { BlkStatus, DEFAULT_LIMITS } from '../../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import type { RecordedEvent } from '../../../src/testing/block/recorded-case.ts';
import { errnoOf, ReplayDriver } from '../../../src/testing/block/replay-driver.ts';
import { makeRequest } from '../../block-drivers/statuses.ts';

function rig(events: readonly RecordedEvent[]) {
  const executor = new SimExecutor();
  return { executor, driver: new ReplayDriver(executor, DEFAULT_LIMITS, 4, 1_000, events) };
}

it('ends what the recording says nothing about, after its time', () => {
  const { executor, driver } = rig([]);
  const request = makeRequest();
  expect(driver.queueRq(0, request)).toBe(QueueRqResult.ok);
  executor.runUntilIdle();
  expect([request.ends, request.status, executor.now]).toEqual([1, BlkStatus.ok, 1_000]);
});

it('plays back an error, a refusal and a part that is done', () => {
  const { executor, driver } = rig([
    [0, 'D', 'R', 0, 8, 'S'],
    [1, 'C', 'R', 0, 8, 'I', { err: -61 }],
    [2, 'D', 'R', 8, 8, 'S'],
    [3, 'R', 'R', 8, 8, 'S'],
    [4, 'D', 'R', 8, 8, 'K'],
    [5, 'C', 'R', 8, 8, 'I'],
    [6, 'D', 'R', 16, 8, 'S'],
    [7, 'C', 'R', 16, 3, 'I'],
    [8, 'R', 'R', 19, 5, 'I'],
  ]);
  const [bad, busy, short] = [0, 8, 16].map((sector) => makeRequest({ sector }));
  expect(driver.queueRq(0, bad!)).toBe(QueueRqResult.ok);
  expect(driver.queueRq(0, busy!)).toBe(QueueRqResult.resource);
  expect(driver.queueRq(0, busy!)).toBe(QueueRqResult.ok);
  driver.queueRq(0, short!);
  executor.runUntilIdle();
  expect([bad!.status, errnoOf(bad!.status)]).toEqual([BlkStatus.medium, -61]);
  expect([busy!.ends, busy!.status]).toEqual([1, BlkStatus.ok]);
  expect([short!.ends, short!.requeues]).toEqual([0, [3]]);
});
