import { expect, test } from 'vitest';
import {
  type HostileRings,
  libraryVirtqueue,
  replayHostileRings,
} from '../../../src/testing/virtqueue/index.ts';
import { readGolden } from './golden.ts';

const file = readGolden<HostileRings>('vringhfuzz');

test('400 hostile rings give the verdicts of vringh under its leniency', () => {
  const report = replayHostileRings(file);
  expect(report.differences).toEqual([]);
  expect(report.cases).toBe(400);
  expect(report.accepted).toBe(593);
  expect(report.refused).toBe(224);
});

test('a strict device takes nothing that vringh refuses, and takes the rest alike', () => {
  const report = replayHostileRings(file, libraryVirtqueue, 'strict');
  expect(report.differences).toEqual([]);
  expect(report.accepted).toBeGreaterThan(100);
});

test('a device that ignores the leniency is found out', () => {
  const strict = {
    ...libraryVirtqueue,
    createDevice: (setup: Parameters<typeof libraryVirtqueue.createDevice>[0]) =>
      libraryVirtqueue.createDevice({ ...setup, leniency: 'strict' }),
  };
  expect(replayHostileRings(file, strict).differences.length).toBeGreaterThan(0);
});
