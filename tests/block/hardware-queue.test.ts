import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import type { BlkRequest } from '../../src/block/blk-request.ts';
import { HardwareQueue, RESOURCE_DELAY_NS } from '../../src/block/hardware-queue.ts';
import { NoneScheduler } from '../../src/block/io-scheduler.ts';
import { QueueRqResult } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeMemory } from './rig.ts';

function makeRig(depth = 2) {
  const executor = new SimExecutor();
  const driver = new HeldDriver({}, depth);
  const scheduler = new NoneScheduler(1);
  const log: string[] = [];
  const events = {
    inDriver: 0,
    issued: (request: BlkRequest) => log.push(`issued ${request.tag}`),
    refused: (request: BlkRequest) => log.push(`refused ${request.tag}`),
    ended: (request: BlkRequest) => log.push(`ended ${request.tag}`),
  };
  const queue = new HardwareQueue(executor, driver, 0, makeMemory(), scheduler, events, 'test');
  return { executor, driver, scheduler, log, events, queue };
}

describe('tags', () => {
  it('are held by one each, and there are as many as the driver has', () => {
    const { queue } = makeRig();
    const [first, second] = [queue.take()!, queue.take()!];
    expect(new Set([first.tag, second.tag])).toEqual(new Set([0, 1]));
    expect([queue.take(), queue.freeTags]).toEqual([undefined, 0]);
    queue.give(first);
    expect(queue.take()).toBe(first);
  });

  it('are not given back twice, nor while the driver has the request', () => {
    const { queue, scheduler } = makeRig();
    const request = queue.take()!;
    scheduler.insert(request);
    queue.run();
    expect(() => queue.give(request)).toThrow(InvariantError);
  });
});

describe('dispatch', () => {
  it('goes before what the scheduler has', () => {
    const { queue, scheduler, log } = makeRig();
    const [first, second] = [queue.take()!, queue.take()!];
    scheduler.insert(first);
    queue.dispatch(second);
    expect(log).toEqual([`issued ${second.tag}`, `issued ${first.tag}`]);
  });

  it('of what was refused comes first again, in its order', () => {
    const { queue, scheduler, log, driver, executor, events } = makeRig();
    const [first, second] = [queue.take()!, queue.take()!];
    driver.answers.push(QueueRqResult.resource);
    scheduler.insert(first);
    scheduler.insert(second);
    queue.run();
    expect(log.splice(0)).toEqual([`refused ${first.tag}`]);
    queue.run();
    queue.restart();
    expect(log).toEqual([]);
    executor.runUntil(RESOURCE_DELAY_NS);
    expect(log.splice(0)).toEqual([`issued ${first.tag}`, `issued ${second.tag}`]);
    expect(events.inDriver).toBe(0);
  });

  it('restarts a device that was full without waiting', () => {
    const { queue, scheduler, log, driver, executor, events } = makeRig();
    events.inDriver = 1;
    driver.answers.push(QueueRqResult.deviceResource);
    scheduler.insert(queue.take()!);
    queue.run();
    executor.runUntilIdle();
    expect([log.length, executor.now]).toEqual([1, 0]);
    queue.restart();
    expect(log).toHaveLength(2);
  });
});
