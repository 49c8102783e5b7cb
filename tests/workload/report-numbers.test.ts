import { describe, expect, it } from 'vitest';
import {
  bandwidthText,
  binaryBytes,
  countText,
  decimalBytes,
  latencyUnit,
  timeText,
} from '../../src/workload/report-numbers.ts';

// The texts on the right are from outputs of fio 3.33.
describe('numbers', () => {
  it.each([
    [256_000, '256k'],
    [12_800, '12.8k'],
    [4733, '4733'],
    [128_000, '128k'],
    [0, '0'],
    [9999.6, '10.0k'],
    [2_500_000, '2500k'],
  ])('of counts: %d is %s', (value, text) => {
    expect(countText(value)).toBe(text);
  });

  it.each([
    [1_048_576, '1024KiB', '1049kB'],
    [16_384, '16.0KiB', '16.4kB'],
    [4096, '4096B', '4096B'],
    [290_816, '284KiB', '291kB'],
  ])('of bytes: %d is %s or %s', (value, binary, decimal) => {
    expect([binaryBytes(value), decimalBytes(value)]).toEqual([binary, decimal]);
  });

  it.each([
    [52_428_800, '50.0MiB/s (52.4MB/s)'],
    [1_048_576_000, '1000MiB/s (1049MB/s)'],
    [8_192_000, '8000KiB/s (8192kB/s)'],
  ])('of bandwidths: %d is %s', (value, text) => {
    expect(bandwidthText(value)).toBe(text);
  });

  it.each([
    [9856, '9856nsec'],
    [19_200, '19.2usec'],
    [256_000_000, '256msec'],
    [12_300_000_000, '12.3sec'],
    [1e15, '1000000sec'],
    [0.4, '0nsec'],
  ])('of times: %d ns is %s', (ns, text) => {
    expect(timeText(ns)).toBe(text);
  });

  it.each([
    [1623, 8036, 'nsec'],
    [2777, 9999, 'nsec'],
    [33_000, 403_000, 'usec'],
    [2_500_000, 150_000_000, 'msec'],
  ])('of tables from %d to %d ns are in %s', (min, max, name) => {
    expect(latencyUnit(min, max).name).toBe(name);
  });
});
