import { expect, it } from 'vitest';
import type { RecordedEvent } from '../../../src/testing/block/recorded-case.ts';
import { isDriversOwn, ReplayPace } from '../../../src/testing/block/replay-pace.ts';

const events: readonly RecordedEvent[] = [
  [0, 'Q', 'WS', 0, 8, 'S1'],
  [1, 'C', 'N', 0, 0, 'I'],
  [2, 'C', 'WS', 0, 8, 'I'],
  [3, 'Q', 'WS', 8, 8, 'S1'],
  [4, 'Q', 'R', 64, 8, 'S2'],
];
const all = (): boolean => true;

it('lets go whose turn it is, when as much has ended as in the recording', () => {
  const pace = new ReplayPace(events);
  expect([pace.mayGo('S1', all), pace.mayGo('S2', all)]).toEqual([true, false]);
  pace.queued();
  expect(pace.mayGo('S1', all)).toBe(false);
  pace.ended();
  expect(pace.mayGo('S1', all)).toBe(true);
  pace.queued();
  expect([pace.mayGo('S1', all), pace.mayGo('S2', all)]).toEqual([false, true]);
});

it('holds nobody for a submitter that is gone, nor at the end', () => {
  const pace = new ReplayPace(events);
  expect(pace.mayGo('S2', (role) => role !== 'S1')).toBe(true);
  for (let i = 0; i < 3; i++) pace.queued();
  expect(pace.mayGo('S7', all)).toBe(true);
});

it('knows the C by which a driver tells of itself', () => {
  const failed: readonly RecordedEvent[] = [
    [0, 'C', 'WS', 0, 0, 'K'],
    [1, 'C', 'WS', 0, 8, 'K', { err: -121 }],
    [2, 'C', 'WS', 0, 0, 'K'],
  ];
  expect(failed.map((_, i) => isDriversOwn(failed, i))).toEqual([true, false, false]);
  expect(isDriversOwn(events, 1)).toBe(true);
});
