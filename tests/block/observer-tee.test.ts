import { expect, it } from 'vitest';
import { ObserverTee } from '../../src/block/observer-tee.ts';
import { BlockAction, type BlockObserver } from '../../src/interfaces/block-observer.ts';

it('passes each event on to all observers, in their order', () => {
  const heard: unknown[] = [];
  const note = (name: string): BlockObserver => ({
    event: (...all) => heard.push([name, 'event', ...all]),
    remapped: (...all) => heard.push([name, 'remapped', ...all]),
  });
  const tee = new ObserverTee([note('a'), note('b')]);
  tee.event(BlockAction.queued, 1, 0, 2, 3, 4, 5);
  tee.remapped(1, 1, 2, 3, 4, 5, 6);
  expect(heard).toEqual([
    ['a', 'event', 1, 1, 0, 2, 3, 4, 5],
    ['b', 'event', 1, 1, 0, 2, 3, 4, 5],
    ['a', 'remapped', 1, 1, 2, 3, 4, 5, 6],
    ['b', 'remapped', 1, 1, 2, 3, 4, 5, 6],
  ]);
});
