import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import {
  MAX_IO_QUEUES,
  MAX_QUEUE_ENTRIES,
  MAX_VECTORS,
  type NvmeDeviceOptions,
  resolveDeviceOptions,
} from '../../src/nvme-device/options.ts';

describe('resolveDeviceOptions', () => {
  it('gives each queue pair a vector, the admin queue included', () => {
    expect(resolveDeviceOptions({ ioQueues: 3 }).vectorCount).toBe(4);
  });

  it.each<[keyof NvmeDeviceOptions, number, number]>([
    ['ioQueues', 1, MAX_IO_QUEUES],
    ['maxQueueEntries', 2, MAX_QUEUE_ENTRIES],
    ['vectorCount', 1, MAX_VECTORS],
    ['doorbellStride', 0, 8],
    ['maxPageShift', 0, 4],
    ['commandSets', 1, 255],
    ['readyTimeoutUnits', 1, 255],
    ['readyDelayNs', 0, 7_500_000_000],
    ['asyncEventLimit', 1, 256],
  ])('takes %s from %i to %i and names it otherwise', (key, low, high) => {
    for (const value of [low, high]) {
      expect(resolveDeviceOptions({ [key]: value })[key]).toBe(value);
    }
    for (const value of [low - 1, high + 1, low + 0.5, Number.NaN]) {
      expect(() => resolveDeviceOptions({ [key]: value })).toThrow(ConfigError);
      expect(() => resolveDeviceOptions({ [key]: value })).toThrow(key);
    }
  });
});
