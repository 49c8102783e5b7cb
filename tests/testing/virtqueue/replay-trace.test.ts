import { expect, test } from 'vitest';
import {
  libraryVirtqueue,
  replayTrace,
  type VirtqueueImplementation,
  type VirtqueueTrace,
} from '../../../src/testing/virtqueue/index.ts';
import { goldenNames, readGolden } from './golden.ts';

const names = goldenNames().filter((name) => name !== 'vringhfuzz');

test('there are 82 recorded traces, 64 of a generic device and 18 of vringh', () => {
  expect(names.length).toBe(82);
  expect(names.filter((name) => name.startsWith('vringh-')).length).toBe(18);
});

test.each(names)('%s replays byte for byte on both sides', (name) => {
  const trace = readGolden<VirtqueueTrace>(name);
  const report = replayTrace(trace);
  expect(report.difference).toBeUndefined();
  expect(report.ops).toBe(trace.final.nops);
  expect(report.deviceOps).toBeGreaterThan(0);
});

test('addresses of 2^53 and above occur in the traces and come through exactly', () => {
  const isHuge = (name: string): boolean =>
    readGolden<VirtqueueTrace>(name).ops.some((op) =>
      [...(op.out ?? []), ...(op.in ?? [])].some(([address]) => BigInt(address) >= 2n ** 53n),
    );
  expect(names.filter(isHuge).length).toBe(34);
});

test('a ring that kicks when it need not is caught, with the operation that shows it', () => {
  const eager: VirtqueueImplementation = {
    ...libraryVirtqueue,
    createDriver(setup) {
      const driver = libraryVirtqueue.createDriver(setup);
      driver.kickPrepare = () => true;
      return driver;
    },
  };
  const report = replayTrace(readGolden('split-008-dir-ev'), eager);
  expect(report.difference).toMatch(/^split-008-dir-ev: op \d+ .*kickPrepare.*: result true$/);
});

test('a file of another format is refused by name', () => {
  const trace = { ...readGolden<VirtqueueTrace>('split-001-dir'), format: 'vring-golden-9' };
  expect(() => replayTrace(trace)).toThrow("unknown format 'vring-golden-9'");
});
