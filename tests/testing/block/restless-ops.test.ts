import { expect, it } from 'vitest';
import { BioOp } from '../../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../../src/interfaces/blk-mq.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { RestlessOps } from '../../../src/testing/block/restless-ops.ts';
import { HeldDriver } from '../../block/rig.ts';
import { makeRequest } from '../../block-drivers/statuses.ts';

it('does all that a driver may do: takes, refuses, gives back all or the rest, ends', () => {
  const executor = new SimExecutor();
  const driver = new HeldDriver();
  const ops = new RestlessOps(executor, driver, makePrng(3));
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const request = makeRequest({ op: i % 2 === 0 ? BioOp.read : BioOp.write });
    const result = ops.queueRq(0, request, true);
    seen.add(`answered ${result}`);
    driver.endAll();
    expect(request.ends + request.requeues.length).toBe(0);
    executor.runUntilIdle();
    const comesBack = request.ends + request.requeues.length;
    expect(comesBack).toBe(result === QueueRqResult.ok ? 1 : 0);
    if (request.ends === 1) seen.add('ended');
    const [done] = request.requeues;
    if (done !== undefined) seen.add(done === 0 ? 'all given back' : 'the rest given back');
    if (done !== undefined) expect(done).toBeLessThan(8);
  }
  expect([...seen].sort()).toEqual([
    'all given back',
    'answered 0',
    'answered 13',
    'answered 9',
    'ended',
    'the rest given back',
  ]);
});

it('asks the driver about the request that the driver knows', () => {
  const driver = new HeldDriver();
  const ops = new RestlessOps(new SimExecutor(), driver, makePrng(0));
  const request = makeRequest();
  while (ops.queueRq(0, request, true) !== QueueRqResult.ok || driver.held.length === 0);
  ops.timeout(request);
  expect(driver.timedOut).toEqual([driver.held[0]]);
});
