import { expect, it } from 'vitest';
import { LateEnds } from '../../src/nvme-driver/late-ends.ts';
import { DriverWorld } from './driver-world.ts';

it('ends requests in their order, with their status, after the call', () => {
  const world = new DriverWorld();
  const ends = new LateEnds(world.executor, 'test');
  const order: number[] = [];
  const requests = [1, 2, 3].map((ioId) =>
    world.request({ ioId, dw0: 9, end: ({ status, dw0 }) => order.push(ioId, status, dw0) }),
  );
  requests.forEach((request, i) => void ends.add(request, 100 + i));
  expect(order).toEqual([]);
  world.executor.runUntilIdle();
  expect(order).toEqual([1, 100, 0, 2, 101, 0, 3, 102, 0]);
});

it('takes a request again inside its own end', () => {
  const world = new DriverWorld();
  const ends = new LateEnds(world.executor, 'test');
  let count = 0;
  const request = world.request({
    end: () => {
      count += 1;
      if (count < 3) ends.add(request, 0);
    },
  });
  ends.add(request, 0);
  ends.flush();
  expect(count).toBe(1);
  world.executor.runUntilIdle();
  expect(count).toBe(3);
});
