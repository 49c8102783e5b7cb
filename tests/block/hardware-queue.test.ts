import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import type { BlkRequest } from '../../src/block/blk-request.ts';
import { HardwareQueue, RESOURCE_DELAY_NS } from '../../src/block/hardware-queue.ts';
import { type IoScheduler, NoneScheduler } from '../../src/block/io-scheduler.ts';
import { MqDeadlineScheduler } from '../../src/block/mq-deadline.ts';
import { PriorityClass, priorityFlags } from '../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeMemory, settle } from './rig.ts';

function makeRig(depth = 2, slots = depth, scheduler: IoScheduler = new NoneScheduler()) {
  const executor = new SimExecutor();
  const driver = new HeldDriver({}, depth);
  const log: string[] = [];
  const events = {
    inDriver: 0,
    isQuiesced: false,
    issued: (request: BlkRequest) => log.push(`issued ${request.slot}`),
    refused: (request: BlkRequest) => log.push(`refused ${request.slot}`),
    ended: (request: BlkRequest) => log.push(`ended ${request.slot}`),
    woken: () => log.push('woken'),
    requeued: (request: BlkRequest) => log.push(`requeued ${request.slot}`),
  };
  const queue = new HardwareQueue(
    executor,
    driver,
    0,
    makeMemory(),
    scheduler,
    events,
    'test',
    slots,
  );
  scheduler.attach({
    executor,
    hardwareQueueCount: 1,
    requestCount: slots,
    noMerges: 0,
    mergeBio: () => 0,
    mergeRequests: () => false,
    inserted: () => {},
    run: () => queue.runLater(),
  });
  const take = (): BlkRequest => queue.take(slots)!;
  return { executor, driver, log, events, queue, take };
}

describe('tags', () => {
  it('are held by one each, and there are as many as the driver has', () => {
    const { queue, take } = makeRig();
    const [first, second] = [take(), take()];
    expect(new Set([first.tag, second.tag])).toEqual(new Set([0, 1]));
    expect([take(), queue.freeSlots, queue.tagsInUse]).toEqual([undefined, 0, 2]);
    queue.give(first);
    expect(take()).toBe(first);
  });

  it('are not given back twice, nor while the driver has the request', () => {
    const { queue, take } = makeRig();
    const request = take();
    queue.insert(request);
    queue.run();
    expect(() => queue.give(request)).toThrow(InvariantError);
  });

  it('leave slots to others when only so many may be held', () => {
    const { queue } = makeRig(4);
    expect(queue.take(1)).toBeDefined();
    expect(queue.take(1)).toBeUndefined();
    expect(queue.take(2)).toBeDefined();
  });

  it('are taken on the way to the driver under a scheduler, which decides one request ahead', () => {
    const { queue, take, log, driver } = makeRig(1, 4, new MqDeadlineScheduler());
    const requests = [take(), take(), take()];
    for (const [i, request] of requests.entries()) {
      request.sector = 100 * (3 - i);
      queue.insert(request);
    }
    expect([queue.tagsInUse, requests[0]!.tag]).toEqual([0, -1]);
    queue.run();
    expect([log.length, queue.tagsInUse, driver.held[0]!.tag]).toEqual([1, 1, 0]);
    const late = take();
    late.sector = 1;
    late.flags = priorityFlags(PriorityClass.realTime, 0);
    queue.insert(late);
    queue.release(driver.held[0] as BlkRequest);
    queue.run();
    expect(driver.held.map((request) => request.sector)).toEqual([300, 200]);
  });
});

describe('dispatch', () => {
  it('goes before what the scheduler has', () => {
    const { queue, take, log } = makeRig();
    const [first, second] = [take(), take()];
    queue.insert(first);
    queue.dispatch(second);
    expect(log).toEqual([`issued ${second.slot}`, `issued ${first.slot}`]);
  });

  it('of what was refused comes first again, in its order', () => {
    const { queue, take, log, driver, executor, events } = makeRig();
    const [first, second] = [take(), take()];
    driver.answers.push(QueueRqResult.resource);
    queue.insert(first);
    queue.insert(second);
    queue.run();
    expect(log.splice(0)).toEqual([`refused ${first.slot}`]);
    queue.run();
    queue.restart();
    expect(log).toEqual([]);
    executor.runUntil(RESOURCE_DELAY_NS);
    expect(log.splice(0)).toEqual([`issued ${first.slot}`, `issued ${second.slot}`]);
    expect(events.inDriver).toBe(0);
  });

  it('restarts a device that was full without waiting', () => {
    const { queue, take, log, driver, executor, events } = makeRig();
    events.inDriver = 1;
    driver.answers.push(QueueRqResult.deviceResource);
    queue.insert(take());
    queue.run();
    executor.runUntilIdle();
    expect([log.length, executor.now]).toEqual([1, 0]);
    queue.restart();
    expect(log).toHaveLength(2);
  });

  it('waits while the queue is quiesced', () => {
    const { queue, take, log, events } = makeRig();
    events.isQuiesced = true;
    expect(queue.issue(take(), true)).toBe(false);
    queue.insert(take());
    queue.run();
    expect(log).toEqual([]);
    events.isQuiesced = false;
    queue.run();
    expect(log).toHaveLength(2);
  });

  it('of what comes back is on a later turn, before the scheduler', () => {
    const { queue, take, log, executor } = makeRig();
    const [first, second] = [take(), take()];
    queue.requeue(first);
    expect(log).toEqual([]);
    queue.insert(second);
    settle(executor);
    expect(log).toEqual([`issued ${first.slot}`, `issued ${second.slot}`]);
  });
});
