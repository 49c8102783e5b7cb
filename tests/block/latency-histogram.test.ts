import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LatencyHistogram } from '../../src/block/latency-histogram.ts';
import { checkProperty, runs } from '../support/runs.ts';

function histogramOf(times: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ns of times) histogram.add(ns);
  return histogram;
}

it.each([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 1],
  [4, 2],
  [1023, 9],
  [1024, 10],
  [2 ** 31, 31],
  [2 ** 32 - 1, 31],
  [2 ** 32, 32],
  [2 ** 52, 52],
  [2 ** 53 - 1, 52],
])('puts %i ns into bucket %i', (ns, bucket) => {
  const histogram = histogramOf([ns]);
  expect(histogram.at(bucket)).toBe(1);
  expect(histogram.quantileNs(1)).toBe(ns);
});

it('prints the buckets that are used, with a bar as long as their share of the largest', () => {
  const lines = histogramOf([100, 100, 600, 600, 600, 600]).format();
  expect(lines).toEqual([
    `        64 -> 127        : 2        |${'*'.repeat(20).padEnd(40)}|`,
    `       128 -> 255        : 0        |${' '.repeat(40)}|`,
    `       256 -> 511        : 0        |${' '.repeat(40)}|`,
    `       512 -> 1023       : 4        |${'*'.repeat(40)}|`,
  ]);
  expect(histogramOf([]).format()).toEqual([]);
});

it('counts every time once, and bounds each quantile within a factor of two', () => {
  const share = fc.constantFrom(0.5, 0.9, 0.99, 1);
  checkProperty(
    fc.property(fc.array(fc.nat(2 ** 30), { minLength: 1 }), share, (times, part) => {
      const histogram = histogramOf(times);
      const buckets = Array.from({ length: 53 }, (_, i) => histogram.at(i));
      expect(buckets.reduce((sum, count) => sum + count)).toBe(times.length);
      expect(histogram.sumNs).toBe(times.reduce((sum, ns) => sum + ns));
      const sorted = [...times].sort((a, b) => a - b);
      const exact = sorted[Math.ceil(part * times.length) - 1]!;
      const bound = histogram.quantileNs(part);
      expect(bound).toBeGreaterThanOrEqual(exact);
      expect(bound).toBeLessThanOrEqual(Math.max(1, exact * 2));
    }),
    runs(100, 2_000),
  );
  expect(new LatencyHistogram().quantileNs(0.5)).toBe(0);
});
