import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram, PERCENTILES } from '../../src/workload/latency-histogram.ts';
import { checkProperty, runs } from '../support/runs.ts';

function of(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

const latencies = fc.array(fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(), fc.maxSafeNat()), {
  minLength: 1,
  maxLength: 60,
});

describe('LatencyHistogram', () => {
  // What fio 3.33 printed as percentiles of runs with these latencies in them.
  it.each([
    [10_901, 10_944],
    [8_036, 8_032],
    [39_234, 39_168],
    [139_986, 140_288],
    [1_623, 1_624],
    [127, 127],
    [128, 129],
    [0, 0],
  ])('shows %d ns as fio does: %d', (value, shown) => {
    expect(of([value]).percentile(50)).toBe(shown);
  });

  it('is empty at first', () => {
    const none = new LatencyHistogram();
    expect([none.count, none.min, none.max, none.mean, none.stddev, none.percentile(99)]).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });

  it('knows each percentile to within 1 in 128, up to 2^53', () => {
    checkProperty(
      fc.property(latencies, fc.constantFrom(...PERCENTILES), (values, percent) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
        expect(Math.abs(of(values).percentile(percent) - exact)).toBeLessThanOrEqual(
          exact / 128 + 1e-9,
        );
      }),
      runs(300),
    );
  });

  it('knows least, greatest, mean and deviation', () => {
    checkProperty(
      fc.property(latencies, (values) => {
        const histogram = of(values);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        const stddev = values.length < 2 ? 0 : Math.sqrt(spread / (values.length - 1));
        expect(histogram.count).toBe(values.length);
        expect([histogram.min, histogram.max]).toEqual([Math.min(...values), Math.max(...values)]);
        expect(Math.abs(histogram.mean - mean)).toBeLessThanOrEqual(mean * 1e-9);
        expect(Math.abs(histogram.stddev - stddev)).toBeLessThanOrEqual((stddev + mean) * 1e-6);
      }),
      runs(200),
    );
  });

  it('merges two as if all had been added to one', () => {
    checkProperty(
      fc.property(latencies, fc.oneof(latencies, fc.constant([])), (a, b) => {
        const merged = of(a);
        merged.merge(of(b));
        const whole = of([...a, ...b]);
        expect([merged.count, merged.min, merged.max]).toEqual([whole.count, whole.min, whole.max]);
        for (const each of PERCENTILES)
          expect(merged.percentile(each)).toBe(whole.percentile(each));
        expect(Math.abs(merged.mean - whole.mean)).toBeLessThanOrEqual(whole.mean * 1e-9);
        expect(Math.abs(merged.stddev - whole.stddev)).toBeLessThanOrEqual(
          (whole.stddev + whole.mean) * 1e-6,
        );
      }),
      runs(100),
    );
    const empty = new LatencyHistogram();
    empty.merge(of([5]));
    expect([empty.min, empty.mean]).toEqual([5, 5]);
  });
});
