import { expect, it } from 'vitest';
import { TaskRing } from '../../src/devices/task-ring.ts';

it('gives back in order, and grows while it wraps', () => {
  const ring = new TaskRing<number>();
  const seen: (number | undefined)[] = [];
  for (let i = 0; i < 10; i++) ring.push(i);
  for (let i = 0; i < 8; i++) seen.push(ring.shift());
  for (let i = 10; i < 50; i++) ring.push(i);
  expect(ring.count).toBe(42);
  while (ring.count > 0) seen.push(ring.shift());
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(ring.shift()).toBeUndefined();
});
