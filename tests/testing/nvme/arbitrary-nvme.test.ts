import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessPci,
  arbitraryPciAccess,
  arbitrarySqe,
} from '../../../src/testing/nvme/arbitrary-nvme.ts';
import { DeviceWorld } from '../../nvme-device/device-world.ts';

describe('arbitrarySqe', () => {
  const sample = fc.sample(arbitrarySqe(1 << 20), { numRuns: 500, seed: 1 });

  it('makes sixteen words, often with opcodes and addresses that mean something', () => {
    expect(sample.every((sqe) => sqe.length === 16)).toBe(true);
    const reads = sample.filter((sqe) => (sqe[0]! & 0xff) === 2 && (sqe[0]! & 0xff00) === 0);
    expect(reads.length).toBeGreaterThan(2);
    const mapped = sample.filter((sqe) => sqe[6]! >= 0 && sqe[6]! < 1 << 20 && sqe[7] === 0);
    expect(mapped.length).toBeGreaterThan(100);
  });
});

describe('arbitraryPciAccess', () => {
  it('reaches both spaces, inside and outside, and is carried out by accessPci', () => {
    const sample = fc.sample(arbitraryPciAccess(0x4000), { numRuns: 500, seed: 1 });
    expect(new Set(sample.map(({ space }) => space)).size).toBe(2);
    expect(sample.some(({ at }) => at < 0)).toBe(true);
    expect(sample.some(({ at }) => at > 0x4000)).toBe(true);
    const { pci } = new DeviceWorld();
    const size = 4;
    accessPci(pci, { space: 'bar', write: true, at: 0x28, size, value: 0x1000 });
    const read = { space: 'bar', write: false, at: 0x28, size, value: 0 } as const;
    expect(accessPci(pci, read)).toBe(0x1000);
    accessPci(pci, { space: 'config', write: true, at: 0x3c, size: 1, value: 7 });
    expect(accessPci(pci, { ...read, space: 'config', at: 0x3c })).toBe(0x107);
  });
});
