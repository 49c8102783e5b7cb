import { expect, test } from 'vitest';
import { RegionMemory } from '../../src/memory/index.ts';
import { ControlQueue } from '../../src/vmm/control-queue.ts';
import { FormatCache } from '../../src/vmm/format-cache.ts';
import { ControlOp } from '../../src/wire/index.ts';
import { makeChain } from '../support/chain.ts';
import { PlainRing } from '../support/plain-ring.ts';

function makeWorld() {
  const memory = new RegionMemory([{ base: 0, size: 0x3000 }]);
  const ring = new PlainRing(8, false, () => true);
  const control = new ControlQueue(memory, 0, 0x2000, 64);
  control.attach(ring.driver);
  const formats = new FormatCache(memory, control, 0x2000, 64);
  /** Answers one question with namespaces of 512-byte blocks; returns after which namespace it asked. */
  const answer = (...nsids: readonly number[]): number => {
    const chain = makeChain(0, [], []);
    if (ring.device.pop(chain) !== 1) return -1;
    const gpa = chain.readable.gpa(0);
    expect(memory.read32(gpa)).toBe(ControlOp.formats);
    memory.write32(0x2000, 0);
    memory.write32(0x2004, nsids.length);
    for (const [i, nsid] of nsids.entries()) {
      for (const [word, value] of [nsid, 512, 8, nsid & 1].entries()) {
        memory.write32(0x2010 + 16 * i + 4 * word, value);
      }
    }
    const after = memory.read32(gpa + 4);
    ring.device.addUsed(chain.id, chain.descriptorCount, 64);
    control.reap();
    return after;
  };
  return { control, formats, answer };
}

test('a list that takes several answers is here when the last one is', () => {
  const { formats, answer } = makeWorld();
  let isDone = false;
  formats.refresh(() => {
    isDone = true;
  });
  expect(answer(1, 2, 5)).toBe(0);
  expect([isDone, formats.get(1)]).toEqual([false, undefined]);
  expect(answer(9)).toBe(5);
  expect(isDone).toBe(true);
  expect(formats.get(9)).toEqual({ blockBytes: 512, metadataBytes: 8, extended: true });
  expect(formats.get(2)?.extended).toBe(false);
  expect(formats.get(3)).toBeUndefined();
});

test('what changes while the list arrives is asked for again', () => {
  const { formats, answer } = makeWorld();
  const done: string[] = [];
  formats.refresh(() => done.push('first'));
  formats.refresh(() => done.push('second'));
  answer(1, 2, 3);
  expect(done).toEqual([]);
  expect(answer(4)).toBe(0);
  expect(done).toEqual(['first', 'second']);
  expect([formats.get(1), formats.get(4)?.blockBytes]).toEqual([undefined, 512]);
});

test('a queue that fails keeps the old list and calls back', () => {
  const { control, formats, answer } = makeWorld();
  formats.refresh(() => {});
  answer(7);
  let calls = 0;
  const done = (): void => {
    calls += 1;
  };
  formats.refresh(done);
  formats.refresh(done);
  control.fail();
  formats.refresh(done);
  expect([calls, formats.get(7)?.blockBytes]).toEqual([3, 512]);
});

test('a host whose list does not move on is not asked for ever', () => {
  const { formats, answer } = makeWorld();
  let isDone = false;
  formats.refresh(() => {
    isDone = true;
  });
  answer(4, 4, 4);
  answer(4, 4, 4);
  expect([isDone, answer()]).toEqual([true, -1]);
});
