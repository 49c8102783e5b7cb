import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import {
  LONGEST_TIMEOUT_NS,
  type NvmeDriverOptions,
  resolveDriverOptions,
} from '../../src/nvme-driver/options.ts';

describe('resolveDriverOptions', () => {
  it.each<[keyof NvmeDriverOptions, number, number]>([
    ['ioQueues', 1, 1024],
    ['queueEntries', 2, 65_536],
    ['adminQueueEntries', 2, 4096],
    ['pageBytes', 4096, 65_536],
    ['maxTransferBytes', 4096, 1 << 26],
    ['timeoutNs', 1, LONGEST_TIMEOUT_NS],
    ['adminTimeoutNs', 1, LONGEST_TIMEOUT_NS],
    ['polledQueues', 0, 1],
    ['sglThresholdBytes', 0, 1 << 26],
  ])('takes %s from %i to %i and names it otherwise', (key, low, high) => {
    for (const value of [low, high]) {
      expect(resolveDriverOptions({ [key]: value, ...fitting(key) })[key]).toBe(value);
    }
    for (const value of [low - 1, high + 1, Number.NaN]) {
      expect(() => resolveDriverOptions({ [key]: value })).toThrow(ConfigError);
      expect(() => resolveDriverOptions({ [key]: value })).toThrow(key);
    }
  });

  it('wants pages of a power of two and transfers of whole pages', () => {
    expect(() => resolveDriverOptions({ pageBytes: 12_288 })).toThrow('pageBytes');
    expect(() => resolveDriverOptions({ maxTransferBytes: 6144 })).toThrow('maxTransferBytes');
  });
});

function fitting(key: keyof NvmeDriverOptions): NvmeDriverOptions {
  return key === 'pageBytes' ? { maxTransferBytes: 65_536 } : {};
}
