import { expect, it } from 'vitest';
import { Doorbell } from '../../src/virtqueue/doorbell.ts';

it('a doorbell says the queue, and with notification data the position above it', () => {
  const told: number[] = [];
  const hook = (data: number) => told.push(data) < 3;
  expect(new Doorbell(hook, { queueIndex: 3 }).ring(0x1234)).toBe(true);
  expect(new Doorbell(hook, { queueIndex: 3, notificationData: true }).ring(0xfffe)).toBe(true);
  expect(new Doorbell(hook, {}).ring(7)).toBe(false);
  expect(told).toEqual([3, 0xfffe_0003, 0]);
});
