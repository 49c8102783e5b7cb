import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SsdLatency } from '../../src/devices/ssd-latency.ts';

/** When the last of `count` reads of 4 KiB ends that start together, `step` pages apart. */
function lastOf(count: number, step: number, write = false): number {
  const latency = new SsdLatency();
  let last = 0;
  for (let i = 0; i < count; i++) {
    last = Math.max(last, latency.accessNs(0, write, i * step * 8, 4096));
  }
  return last;
}

describe('SsdLatency', () => {
  it('reads one page in the time of flash, firmware and link', () => {
    expect(lastOf(1, 1)).toBe(29_760 + 21_500 + 1_219);
  });

  it('reads on all channels at once, and one after the other on one', () => {
    expect(lastOf(16, 1)).toBeLessThan(lastOf(1, 1) + 16 * 1_219);
    expect(lastOf(16, 16)).toBeGreaterThan(16 * 29_760);
  });

  it('writes into its buffer until that is full', () => {
    expect(lastOf(1, 1, true)).toBeLessThan(10_000);
    expect(lastOf(20_000, 1, true)).toBeGreaterThan(15_000 * (23_125 / 16));
  });

  it('flushes in the time that the buffer needs to drain', () => {
    const latency = new SsdLatency();
    expect(latency.flushNs(100)).toBe(0);
    latency.accessNs(100, true, 0, 4096);
    expect(latency.flushNs(100)).toBe(23_125);
    expect(latency.flushNs(1_000_000)).toBe(0);
  });

  it('gives integers for any access', () => {
    const latency = new SsdLatency({ blockBytes: 4096, channels: 3 });
    for (let i = 0; i < 200; i++) {
      expect(Number.isSafeInteger(latency.accessNs(i * 7, i % 3 === 0, i * 131, 1 + i * 600))).toBe(
        true,
      );
    }
  });

  it('refuses figures that are no integers', () => {
    expect(() => new SsdLatency({ readPageNs: 1.5 })).toThrow(InvariantError);
    expect(() => new SsdLatency({ channels: 0 })).toThrow(InvariantError);
  });
});
