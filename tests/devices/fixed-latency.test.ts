import { expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';

it('takes its times, whatever is accessed', () => {
  const latency = new FixedLatency({ readNs: 10, writeNs: 20, flushNs: 30 });
  expect([latency.accessNs(5, false), latency.accessNs(5, true), latency.flushNs()]).toEqual([
    10, 20, 30,
  ]);
  expect(new FixedLatency().accessNs(0, true)).toBe(0);
  expect(() => new FixedLatency({ writeNs: -1 })).toThrow(ConfigError);
  expect(() => new FixedLatency({ readNs: 0.5 })).toThrow(/readNs/);
});
