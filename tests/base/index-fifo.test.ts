import { expect, test } from 'vitest';
import { IndexFifo, InvariantError } from '../../src/base/index.ts';

test('indices leave in the order in which they came, around the end of the ring', () => {
  const fifo = new IndexFifo(3);
  let next = 0;
  for (let i = 0; i < 3; i++) fifo.push(i);
  for (let i = 3; i < 20; i++) {
    expect(fifo.peek()).toBe(next);
    expect(fifo.shift()).toBe(next++);
    fifo.push(i);
  }
  expect(fifo.count).toBe(3);
});

test('an empty queue answers -1', () => {
  const fifo = new IndexFifo(2);
  expect([fifo.peek(), fifo.shift(), fifo.count]).toEqual([-1, -1, 0]);
});

test('more than the capacity is a misuse', () => {
  const fifo = new IndexFifo(2);
  fifo.push(1);
  fifo.push(2);
  expect(() => fifo.push(3)).toThrow(InvariantError);
});

test('an index leaves from the middle and the others keep their order', () => {
  const fifo = new IndexFifo(4);
  for (const index of [9, 8, 7, 6]) fifo.push(index);
  expect(fifo.remove(7)).toBe(true);
  expect(fifo.remove(7)).toBe(false);
  fifo.push(5);
  expect([fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()]).toEqual([
    9, 8, 6, 5, -1,
  ]);
});
