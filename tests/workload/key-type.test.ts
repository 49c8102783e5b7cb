import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  amount,
  choice,
  count,
  flag,
  pattern,
  size,
  text,
  time,
} from '../../src/workload/key-type.ts';
import { checkProperty, runs } from '../support/runs.ts';

const types = {
  amount,
  choice: choice({ a: 1 }),
  count: count(2, 9),
  flag,
  pattern,
  size,
  text,
  time,
};

describe('every type of value', () => {
  it.each(Object.entries(types))(
    '%s accepts its own samples and says what it accepts',
    (_, type) => {
      expect(type.expected).not.toBe('');
      for (const sample of type.samples) expect(type.parse(sample), String(sample)).toBeDefined();
    },
  );

  it.each(Object.entries(types))('%s answers any text', (_, type) => {
    checkProperty(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (any) => {
        type.parse(any);
        type.refusal?.(any);
      }),
      runs(200),
    );
  });
});

describe('size', () => {
  it.each([
    ['512', 512],
    ['8k', 8192],
    ['8K', 8192],
    ['8kb', 8192],
    ['8KiB', 8192],
    ['8Ki', 8192],
    ['1MB', 1048576],
    ['2g', 2 ** 31],
    ['1t', 2 ** 40],
    ['1p', 2 ** 50],
    ['8192b', 8192],
    ['0x1000', 4096],
    ['0x1b', 27],
  ])('reads %s as %d bytes', (given, bytes) => {
    expect(size.parse(given)).toBe(bytes);
  });

  it.each([
    '',
    '0',
    'banana',
    '-1',
    '1.5k',
    '8 k',
    '1i',
    'k',
    '1e4',
    '9p',
    '99999999999999999',
    '1kk',
    undefined,
  ])('refuses %s', (given) => {
    expect(size.parse(given)).toBeUndefined();
  });
});

describe('amount', () => {
  it('reads bytes and percentages', () => {
    expect(amount.parse('0')).toEqual({ value: 0, isPercent: false });
    expect(amount.parse('1m')).toEqual({ value: 1048576, isPercent: false });
    expect(amount.parse('100%')).toEqual({ value: 100, isPercent: true });
    expect(amount.parse('101%')).toBeUndefined();
    expect(amount.parse('-5%')).toBeUndefined();
    expect(amount.parse(undefined)).toBeUndefined();
  });
});

describe('time', () => {
  it.each([
    ['5', 5e9],
    ['5s', 5e9],
    ['200ms', 2e8],
    ['50us', 50_000],
    ['2m', 120e9],
    ['1h', 3600e9],
    ['1d', 86_400e9],
  ])('reads %s as %d ns', (given, ns) => {
    expect(time.parse(given)).toBe(ns);
  });

  it.each(['', '5x', '1.5', '-1', '999999999999999', undefined])('refuses %s', (given) => {
    expect(time.parse(given)).toBeUndefined();
  });
});

describe('count', () => {
  it('takes its limits and refuses what lies beyond them', () => {
    const type = count(2, 9);
    expect([1, 2, 9, 10].map((n) => type.parse(String(n)))).toEqual([undefined, 2, 9, undefined]);
    expect(type.parse('0x9')).toBe(9);
    expect(type.parse(undefined)).toBeUndefined();
  });
});

describe('choice', () => {
  it('knows its own keys alone, and why others are refused', () => {
    const type = choice({ a: 1, b: 2 }, { c: 'too late' });
    expect(type.expected).toBe('one of a, b');
    expect(type.parse('b')).toBe(2);
    expect(type.parse('constructor')).toBeUndefined();
    expect(type.refusal?.('c')).toBe('too late');
    expect(type.refusal?.('toString')).toBeUndefined();
  });
});

describe('flag', () => {
  it('is on without a value', () => {
    expect([undefined, '1', '0', 'yes'].map((given) => flag.parse(given))).toEqual([
      true,
      true,
      false,
      undefined,
    ]);
  });
});
