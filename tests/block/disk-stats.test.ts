import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ACTION_LETTERS } from '../../src/block/block-sight.ts';
import { DiskStats, formatDiskstats } from '../../src/block/disk-stats.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { BioOp } from '../../src/interfaces/bio.ts';
import { BlockAction } from '../../src/interfaces/block-observer.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { makeBio, makeMemory } from './rig.ts';

const { read, write, flush, discard } = BioOp;

function rig(options = {}) {
  const executor = new SimExecutor();
  const stats = new DiskStats(executor, options);
  const event = (letters: string, op: BioOp, sector = 0, sectorCount = 8, ioId = 1) => {
    stats.event(ACTION_LETTERS.indexOf(letters) as BlockAction, ioId, op, 0, sector, sectorCount);
  };
  const wait = (ns: number) => {
    executor.schedule(
      makeTask('test', () => {}),
      executor.now + ns,
    );
    executor.runUntilIdle();
  };
  return { executor, stats, event, wait };
}

describe('DiskStats', () => {
  it('measures from G to C and from D to C, and the time during which there was a request', () => {
    const { stats, event, wait } = rig();
    event('G', read);
    wait(1_000_000);
    event('D', read);
    expect(stats.inFlight).toBe(1);
    wait(2_000_000);
    event('C', read);
    wait(9_000_000);
    event('G', write, 64);
    event('D', write, 64);
    wait(4_000_000);
    expect(stats.fields()).toEqual([1, 0, 8, 3, 0, 0, 0, 0, 1, 7, 3, 0, 0, 0, 0, 0, 0]);
    event('C', write, 64);
    expect(stats.fields()).toEqual([1, 0, 8, 3, 1, 0, 8, 4, 0, 7, 7, 0, 0, 0, 0, 0, 0]);
    expect(stats.read.latency.sumNs).toBe(3_000_000);
    expect(stats.read.service.sumNs).toBe(2_000_000);
  });

  it('ends a request that is merged into another one, and counts the merge', () => {
    const { stats, event } = rig();
    event('G', write, 0, 8, 1);
    event('G', write, 8, 8, 2);
    event('M', write, 8, 8, 2);
    event('D', write, 0, 16, 1);
    event('C', write, 0, 16, 1);
    expect(stats.fields().slice(4, 9)).toEqual([1, 1, 16, 0, 0]);
    expect(stats.busyNs).toBe(0);
  });

  it('counts the sectors of a part at once and the request at its end', () => {
    const { stats, event } = rig();
    event('G', read, 0, 16);
    event('D', read, 0, 16);
    event('C', read, 0, 6);
    event('R', read, 6, 10);
    expect([stats.read.ios, stats.read.sectors, stats.inFlight]).toEqual([0, 6, 0]);
    event('D', read, 6, 10);
    event('C', read, 6, 10);
    expect([stats.read.ios, stats.read.sectors, stats.inFlight]).toEqual([1, 16, 0]);
  });

  it('takes no notice of a requeue of what the driver refused', () => {
    const { stats, event } = rig();
    event('G', discard);
    event('R', discard);
    event('D', discard);
    expect(stats.inFlight).toBe(1);
    event('C', discard);
    expect(stats.fields().slice(8)).toEqual([0, 0, 0, 1, 0, 8, 0, 0, 0]);
  });

  it('counts an empty flush as a write, and what the driver had of it as a flush', () => {
    const { stats, event, wait } = rig();
    event('G', write, 0, 0);
    event('D', flush, 0, 0);
    wait(5_000_000);
    event('C', flush, 0, 0);
    event('C', write, 0, 0);
    expect(stats.fields()).toEqual([0, 0, 0, 0, 1, 0, 0, 5, 0, 5, 10, 0, 0, 0, 0, 1, 5]);
  });

  it('counts for a range only what lies in it', () => {
    const { stats, event } = rig({ range: { startSector: 100, sectorCount: 50 } });
    for (const sector of [92, 100, 142, 150]) {
      event('G', read, sector);
      event('D', read, sector);
      event('C', read, sector);
    }
    event('D', flush, 0, 0);
    stats.remapped(1, read, 0, 100);
    expect(stats.fields()).toEqual([2, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([stats.countOf(BlockAction.gotRequest), stats.countOf(BlockAction.issued)]).toEqual([
      2, 2,
    ]);
  });

  it('prints a line as /proc/diskstats has it', () => {
    const { stats, event } = rig();
    event('G', read);
    expect(formatDiskstats(stats, 'nullb0', { major: 252, minor: 16 })).toBe(
      ' 252      16 nullb0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0',
    );
  });
});

interface RecordedCase {
  readonly name: string;
  readonly events: readonly (readonly [number, string, string, number, number])[];
  readonly stat_before: readonly number[];
  readonly stat_after: readonly number[];
}

/** The counters that are facts: all but times. */
const COUNTERS = [0, 1, 2, 4, 5, 6, 8, 11, 12, 13, 15];

const golden = new URL('../golden/block/', import.meta.url);
const families = readdirSync(golden).filter((file) => file.endsWith('.jsonl.gz'));

/** The operation that blkparse's letters stand for. */
function opOf(rwbs: string): BioOp {
  if (rwbs === 'FN') return flush;
  const letter = rwbs.replace(/^F/, '')[0];
  return letter === 'W' ? write : letter === 'D' ? discard : read;
}

it.each(families)('counts the recorded events as Linux counted them: %s', (file) => {
  const lines = gunzipSync(readFileSync(new URL(file, golden)))
    .toString()
    .trim()
    .split('\n');
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    const recorded = JSON.parse(line) as RecordedCase;
    const { stats, event } = rig();
    for (const [, letters, rwbs, sector, sectorCount] of recorded.events) {
      if (letters !== 'A') event(letters, opOf(rwbs), sector, sectorCount, 0);
    }
    const { stat_before, stat_after } = recorded;
    const counted = COUNTERS.map((at) => stats.fields()[at]);
    const expected = COUNTERS.map((at) => stat_after[at]! - stat_before[at]!);
    expect([recorded.name, ...counted]).toEqual([recorded.name, ...expected]);
  }
});

it('agrees with the counters of the queue, and has nothing open at idle', () => {
  const executor = new SimExecutor();
  const stats = new DiskStats(executor);
  const driver = new NullBlkDriver(executor, { completionNs: 5_000, queueDepth: 4 });
  const queue = new RequestQueue(executor, driver, { observer: stats });
  const memory = makeMemory();
  const prng = makePrng(9);
  for (let round = 0; round < 60; round++) {
    queue.plug();
    const start = prng.below(4096) * 8;
    for (let i = 0; i < 6; i++) {
      const sectorCount = prng.oneIn(5) ? 600 : 8;
      const sector = prng.oneIn(3) ? prng.below(4096) * 8 : start + i * 8;
      queue.submitBio(
        makeBio(memory, { op: prng.oneIn(2) ? read : write, sector, sectorCount, gpa: i * 4096 }),
      );
    }
    queue.unplug();
    executor.runUntil(executor.now + 20_000);
    expect(stats.inFlight).toBe(queue.stats.inFlight);
  }
  executor.runUntilIdle();
  for (const kind of ['read', 'write'] as const) {
    const { ios, merges, sectors, ns } = queue.stats[kind];
    const counted = stats[kind];
    expect([counted.ios, counted.merges, counted.sectors]).toEqual([ios, merges, sectors]);
    expect(counted.service.sumNs).toBe(ns);
    expect(counted.latency.count).toBe(ios);
  }
  expect(stats.inFlight).toBe(0);
  expect(stats.countOf(BlockAction.queued)).toBe(360);
  const busy = stats.busyNs;
  executor.runUntil(executor.now + 1_000_000);
  expect(stats.busyNs).toBe(busy);
});
