import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { DiskLatency } from '../../src/devices/disk-latency.ts';

const TURN = 8_333_333;
const BLOCKS = 2 ** 30;

describe('DiskLatency', () => {
  it('waits no longer than a turn where there is nothing to seek', () => {
    for (const now of [0, 12_345, TURN - 1]) {
      const latency = new DiskLatency({ blockCount: BLOCKS });
      const ns = latency.accessNs(now, false, 100, 4096);
      expect(ns).toBeLessThanOrEqual(TURN + 20_000 + 40_000);
      expect(Number.isSafeInteger(ns)).toBe(true);
    }
  });

  it('reads on at the speed of the platter', () => {
    const latency = new DiskLatency({ blockCount: BLOCKS, overheadNs: 0 });
    let now = latency.accessNs(0, false, 0, 64 * 1024);
    const started = now;
    for (let i = 1; i < 8; i++) now += latency.accessNs(now, false, i * 128, 64 * 1024);
    expect(now - started).toBeLessThan(TURN / 2);
  });

  it('seeks longer the farther it has to go', () => {
    const times = [2_048, BLOCKS / 100, BLOCKS / 3, BLOCKS - 8].map((lba) => {
      const latency = new DiskLatency({ blockCount: BLOCKS, turnNs: 1 });
      return latency.accessNs(0, false, lba, 4096);
    });
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(600_000);
    expect(times[2]).toBeGreaterThan(8_000_000);
    expect(times[3]).toBeLessThan(16_100_000);
  });

  it('serves one request after the other, unless writes end in its buffer', () => {
    const one = new DiskLatency({ blockCount: BLOCKS });
    const first = one.accessNs(0, true, 0, 4096);
    expect(one.accessNs(0, true, 50_000_000, 4096)).toBeGreaterThan(first);
    const buffered = new DiskLatency({ blockCount: BLOCKS, writeBuffer: true });
    expect(buffered.accessNs(0, true, 50_000_000, 4096)).toBe(20_000);
    expect(buffered.flushNs(0)).toBeGreaterThan(600_000);
    expect(buffered.flushNs(10 ** 12)).toBe(0);
  });

  it('refuses a disk without blocks', () => {
    expect(() => new DiskLatency({ blockCount: 0 })).toThrow(InvariantError);
  });
});
