import { afterEach, expect, it, vi } from 'vitest';
import { benchGroup } from './harness.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('measures each case beside the first and prints a line for each', () => {
  const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
  let sink: unknown;
  const spin = (steps: number) => () => (count: number) => {
    let sum = 0;
    for (let i = 0; i < count * steps; i++) sum = (sum * 31 + i) | 0;
    sink = sum;
  };
  const results = benchGroup(
    'spinning',
    {
      one: spin(100),
      twenty: spin(2_000),
      object: () => (n) => {
        for (let i = 0; i < n; i++) sink = { i };
      },
    },
    { rounds: 5, roundMs: 5 },
  );
  expect(results.map(({ name }) => name)).toEqual(['one', 'twenty', 'object']);
  expect(results[1]!.nsPerOp).toBeGreaterThan(results[0]!.nsPerOp * 4);
  expect(results[0]!.bytesPerOp).toBeLessThan(1);
  expect(results[2]!.bytesPerOp).toBeGreaterThan(8);
  expect(log.mock.calls.map(([line]) => line)).toEqual([
    'spinning',
    expect.stringMatching(/^ {2}one .* ns\/op .* op\/s {4}1\.00 x .* B\/op$/),
    expect.stringMatching(/^ {2}twenty /),
    expect.stringMatching(/^ {2}object /),
  ]);
  expect(sink).toBeDefined();
});
