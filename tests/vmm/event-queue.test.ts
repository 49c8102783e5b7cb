import { expect, test } from 'vitest';
import { RegionMemory } from '../../src/memory/index.ts';
import { EVENT_BUFFERS, EventQueue } from '../../src/vmm/event-queue.ts';
import { makeChain } from '../support/chain.ts';
import { PlainRing } from '../support/plain-ring.ts';

function makeWorld(size = 32) {
  const memory = new RegionMemory([{ base: 0, size: 0x1000 }]);
  const ring = new PlainRing(size, false, () => true);
  const seen: number[][] = [];
  const queue = new EventQueue(memory, 0x100, (...event) => seen.push(event));
  queue.attach(ring.driver);
  const fill = (words: readonly number[], length = 16): void => {
    const chain = makeChain(0, [], []);
    ring.device.pop(chain);
    for (const [i, word] of words.entries()) memory.write32(chain.writable.gpa(0) + 4 * i, word);
    ring.device.addUsed(chain.id, chain.descriptorCount, length);
  };
  return { ring, queue, seen, fill };
}

test('all buffers are posted, or as many as the ring holds', () => {
  expect(makeWorld().ring.available).toHaveLength(EVENT_BUFFERS);
  expect(makeWorld(4).ring.available).toHaveLength(4);
});

test('an event is handed on once and its buffer posted again', () => {
  const { ring, queue, seen, fill } = makeWorld(4);
  fill([1, 2, 3, 4]);
  fill([2, 9, 0, 0]);
  expect(ring.available).toHaveLength(2);
  expect(queue.reap()).toBe(true);
  expect(seen).toEqual([
    [1, 2, 3, 4],
    [2, 9, 0, 0],
  ]);
  expect(ring.available).toHaveLength(4);
});

test('a buffer that comes back without a whole event is posted again and says nothing', () => {
  const { ring, queue, seen, fill } = makeWorld(4);
  fill([1, 2, 3, 4], 0);
  queue.reap();
  expect([seen, ring.available.length]).toEqual([[], 4]);
});

test('a broken queue says so, and one that is gone is silent', () => {
  const { ring, queue } = makeWorld();
  ring.driver.isBroken = true;
  expect(queue.reap()).toBe(false);
  queue.fail();
  expect(queue.reap()).toBe(true);
});
