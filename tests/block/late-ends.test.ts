import { expect, it } from 'vitest';
import { LateEnds } from '../../src/block/late-ends.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();

it('ends bios in their order, on a later turn, each with its status', () => {
  const executor = new SimExecutor();
  const late = new LateEnds(executor, 'test');
  const statuses = [BlkStatus.ioError, BlkStatus.ok, BlkStatus.again];
  const bios = statuses.map(() => makeBio(memory));
  const order: number[] = [];
  for (const [i, bio] of bios.entries()) {
    bio.end = () => order.push(i);
    late.end(bio, statuses[i]!);
  }
  expect(order).toEqual([]);
  executor.runUntilIdle();
  expect(order).toEqual([0, 1, 2]);
  expect(bios.map(({ status }) => status)).toEqual(statuses);
});

it('gives a bio that comes in while others end a turn of its own', () => {
  const executor = new SimExecutor();
  const late = new LateEnds(executor, 'test');
  const bio = makeBio(memory);
  let ends = 0;
  let isInside = false;
  bio.end = () => {
    expect(isInside).toBe(false);
    ends += 1;
    isInside = true;
    if (ends < 4) late.end(bio, BlkStatus.timeout);
    isInside = false;
  };
  late.end(bio, BlkStatus.ok);
  executor.step();
  expect(ends).toBe(1);
  executor.runUntilIdle();
  expect([ends, bio.status]).toEqual([4, BlkStatus.timeout]);
});
