import { expect, test } from 'vitest';
import type { VirtqueueChain } from '../../src/interfaces/index.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import { ControlQueue, MAX_CONTROL_SLOTS } from '../../src/vmm/control-queue.ts';
import { ControlOp, ControlResult } from '../../src/wire/index.ts';
import { makeChain } from '../support/chain.ts';
import { PlainRing } from '../support/plain-ring.ts';

function makeWorld(size = 8) {
  const memory = new RegionMemory([{ base: 0, size: 0x3000 }]);
  let kickWorks = true;
  const ring = new PlainRing(size, false, () => kickWorks);
  const control = new ControlQueue(memory, 0, 0x2000, 0x1000);
  control.attach(ring.driver);
  /** Answers the next request as the host: its four words. */
  const answer = (result: number, value: number, length = 16): number[] => {
    const chain: VirtqueueChain = makeChain(0, [], []);
    if (ring.device.pop(chain) !== 1) return [];
    const words = [0, 4, 8, 12].map((at) => memory.read32(chain.readable.gpa(0) + at));
    memory.write32(chain.writable.gpa(0), result);
    memory.write32(chain.writable.gpa(0) + 4, value);
    ring.device.addUsed(chain.id, chain.descriptorCount, length);
    return words;
  };
  const breakKick = (): void => {
    kickWorks = false;
  };
  return { memory, ring, control, answer, breakKick };
}

test('a request goes out with its arguments and its answer comes back', () => {
  const { control, answer } = makeWorld();
  const answers: number[] = [];
  expect(control.request(ControlOp.abort, 1, 2, 3, (value) => answers.push(value))).toBe(true);
  expect(answer(ControlResult.ok, 5)).toEqual([ControlOp.abort, 1, 2, 3]);
  expect([control.reap(), answers]).toEqual([true, [5]]);
});

test('a refusal and a short answer are -1', () => {
  const { control, answer } = makeWorld();
  const answers: number[] = [];
  for (let i = 0; i < 2; i++)
    control.request(ControlOp.formats, 0, 0, 0, (value) => answers.push(value));
  answer(ControlResult.unknownOp, 5);
  answer(ControlResult.ok, 5, 15);
  control.reap();
  expect(answers).toEqual([-1, -1]);
});

test('requests beyond the ring wait in order, up to the limit of slots', () => {
  const { control, answer } = makeWorld(2);
  for (let i = 0; i < MAX_CONTROL_SLOTS; i++) {
    expect(control.request(ControlOp.reportError, i, 0, 0)).toBe(true);
  }
  expect(control.request(ControlOp.reportError, 99, 0, 0)).toBe(false);
  for (let i = 0; i < MAX_CONTROL_SLOTS; i++) {
    expect(answer(ControlResult.ok, 0)[1]).toBe(i);
    control.reap();
  }
  expect(answer(0, 0)).toEqual([]);
});

test('a failed queue answers all with -1 and takes nothing until it has a new life', () => {
  const { control, ring } = makeWorld(2);
  const answers: number[] = [];
  for (let i = 0; i < 3; i++) control.request(1, i, 0, 0, (value) => answers.push(value));
  control.fail();
  expect(answers).toEqual([-1, -1, -1]);
  expect([control.request(1, 0, 0, 0), control.reap()]).toEqual([false, true]);
  control.attach(new PlainRing(2, false, () => true).driver);
  expect(control.request(1, 0, 0, 0)).toBe(true);
  expect(ring.available).toHaveLength(1);
});

test('a kick that fails is reported, and so is a queue that breaks', () => {
  const { control, ring, breakKick } = makeWorld();
  let reports = 0;
  control.onBroken = () => {
    reports += 1;
  };
  breakKick();
  control.request(1, 0, 0, 0);
  expect(reports).toBe(1);
  ring.driver.isBroken = true;
  expect(control.reap()).toBe(false);
});
