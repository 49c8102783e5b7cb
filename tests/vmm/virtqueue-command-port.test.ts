import { expect, test } from 'vitest';
import { bringUp, makeCommand, makeIo, makeRoad } from '../support/nvme-road.ts';

test('a write and a read travel down to the target and their completions up', () => {
  const road = makeRoad();
  bringUp(road);
  const { memory, port, executor, target } = road;
  memory.fill(0x1000, 0xa5, 1024);
  const write = makeIo(memory, 1, 7, false, 3, 2, 0x1000);
  port.submit(write);
  expect(write.ends).toBe(0);
  executor.runUntilIdle();
  expect([write.ends, write.status, write.dw0, write.dw1]).toEqual([1, 0, 3, ~3]);
  expect(target.blocks.subarray(3 * 512, 5 * 512).every((byte) => byte === 0xa5)).toBe(true);

  const read = makeIo(memory, 2, 8, true, 3, 2, 0x2000);
  port.submit(read);
  executor.runUntilIdle();
  expect([read.ends, read.status]).toEqual([1, 0]);
  expect(memory.read32(0x2000 + 1020)).toBe(0xa5a5a5a5);
  expect([port.inFlight, road.frontend.inFlight]).toEqual([0, 0]);
});

test('the host learns of the enable before any command, and the formats are known before the guest runs', () => {
  const road = makeRoad();
  const { memory, port, executor, target } = road;
  let isReady = false;
  port.start(() => {
    isReady = true;
  });
  executor.runUntilIdle();
  expect(isReady).toBe(true);
  expect(port.namespaceFormat(1)?.blockBytes).toBe(512);
  expect(port.namespaceFormat(2)).toBeUndefined();
  port.enable({ cc: 0x46_0001 });
  const identify = makeCommand(memory, 0, 1, { 0: 6 }, 2, [[0x3000, 4096]]);
  port.submit(identify);
  executor.runUntilIdle();
  expect(target.log).toEqual(['enable 460001']);
  expect(identify.status).toBe(0);
  expect(memory.read8(0x3001)).toBe(7);
});
