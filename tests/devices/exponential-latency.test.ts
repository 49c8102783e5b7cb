import { expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { ExponentialLatency } from '../../src/devices/exponential-latency.ts';
import { makePrng } from '../../src/sim/prng.ts';

it('has the mean and the quantiles of the exponential distribution', () => {
  const latency = new ExponentialLatency(makePrng(5), { readNs: 100_000, writeNs: 7 });
  const times = Array.from({ length: 20_000 }, () => latency.accessNs(0, false)).sort(
    (a, b) => a - b,
  );
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  expect(mean / 100_000).toBeCloseTo(1, 1);
  // ln 2, ln 10 and ln 100 times the mean.
  expect(times[10_000]! / 100_000).toBeCloseTo(Math.LN2, 1);
  expect(times[18_000]! / 100_000).toBeCloseTo(Math.LN10, 1);
  expect(Math.abs(times[19_800]! / 100_000 - 4.605)).toBeLessThan(0.3);
});

it('keeps its minimum, and takes no time that is not given', () => {
  const latency = new ExponentialLatency(makePrng(5), { writeNs: 10, minimumNs: 9 });
  for (let i = 0; i < 100; i++) expect(latency.accessNs(0, true)).toBeGreaterThanOrEqual(9);
  expect(new ExponentialLatency(makePrng(5)).flushNs()).toBe(0);
  expect(() => new ExponentialLatency(makePrng(5), { readNs: -1 })).toThrow(ConfigError);
});
