import { expect, test } from 'vitest';
import { RegionMemory } from '../../src/memory/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { VhostWorker } from '../../src/vhost/vhost-worker.ts';
import { Vring } from '../../src/vhost/vring.ts';
import { listOf } from '../support/chain.ts';
import { PlainRing } from '../support/plain-ring.ts';

function makeRing() {
  const executor = new SimExecutor();
  const plain = new PlainRing(4, false, () => true);
  const taken: number[] = [];
  const worker = new VhostWorker(executor, () => {});
  const backend = {
    attach: () => {},
    handleChain: (_ring: number, { id }: { id: number }) => taken.push(id) > 0,
  };
  const ring = new Vring(0, backend, worker, undefined);
  const memory = new RegionMemory([{ base: 0, size: 16 }]);
  const make = (): boolean => ring.make(() => plain.device, memory, 0, 1);
  return { executor, plain, taken, ring, make };
}

test('a ring without addresses or size does not start', () => {
  const { ring, make } = makeRing();
  expect(make()).toBe(false);
  ring.num = 4;
  expect(make()).toBe(false);
  ring.addresses = { desc: 0, avail: 0, used: 0 };
  expect([make(), ring.isRunning]).toEqual([true, true]);
});

test('a unit that was taken is applied once, or put back once', () => {
  const { ring, make, plain, taken } = makeRing();
  ring.num = 4;
  ring.addresses = { desc: 0, avail: 0, used: 0 };
  ring.base = 0xffff;
  make();
  ring.start();
  for (const token of [0, 1]) plain.driver.addSgs(listOf([]), listOf([[0, 1]]), token);
  expect([ring.take(), ring.base]).toEqual([true, 0]);
  ring.putBack();
  ring.putBack();
  expect(ring.base).toBe(0xffff);
  ring.take();
  ring.apply();
  ring.apply();
  expect([taken, ring.base]).toEqual([[0], 0]);
});

test('while chains are taken no kicks are wanted, and afterwards they are', () => {
  const { ring, make, plain } = makeRing();
  ring.num = 4;
  ring.addresses = { desc: 0, avail: 0, used: 0 };
  make();
  ring.start();
  plain.driver.addSgs(listOf([]), listOf([[0, 1]]), 0);
  ring.take();
  expect(plain.kickWanted).toBe(false);
  ring.apply();
  expect([ring.take(), plain.kickWanted]).toEqual([false, true]);
});
