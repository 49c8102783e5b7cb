import { expect, it } from 'vitest';
import { QueueStats } from '../../src/block/queue-stats.ts';
import { BioOp } from '../../src/interfaces/bio.ts';

it('counts by kind, and time by what is in flight', () => {
  const stats = new QueueStats();
  stats.started(100);
  stats.started(150);
  stats.ended(200, BioOp.read, 8, 100);
  stats.ended(300, BioOp.writeZeroes, 16, 150);
  stats.started(1_000);
  stats.ended(1_010, BioOp.flush, 0, 1_000);
  stats.started(2_000);
  stats.ended(2_000, BioOp.discard, 4, 2_000);
  expect(stats.read).toEqual({ ios: 1, merges: 0, sectors: 8, ns: 100 });
  expect(stats.write).toEqual({ ios: 1, merges: 0, sectors: 16, ns: 150 });
  expect(stats.flush).toEqual({ ios: 1, merges: 0, sectors: 0, ns: 10 });
  expect(stats.discard).toEqual({ ios: 1, merges: 0, sectors: 4, ns: 0 });
  expect(stats).toMatchObject({ inFlight: 0, mostInFlight: 2, busyNs: 210, weightedNs: 260 });
});
