import { expect, it } from 'vitest';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { buildDirect } from '../../../src/stack/roads/direct.ts';
import { MockTarget } from '../../support/mock-target.ts';

it('is the target itself, with nothing between', () => {
  const target = new MockTarget(new SimExecutor());
  const road = buildDirect(target);
  expect(road.port).toBe(target);
  expect(road.rows).toEqual([]);
  let starts = 0;
  road.start(() => void (starts += 1));
  expect(starts).toBe(1);
});
