import { describe, expect, it } from 'vitest';
import { traitsOf } from '../../../src/target/nvme/controller-options.ts';

describe('traitsOf', () => {
  it('fills in defaults', () => {
    expect(traitsOf(7, {})).toMatchObject({
      cntlid: 7,
      version: 0x1_0400,
      maxInFlight: 1024,
      maxTransferBytes: 1 << 20,
      fuses: 0,
    });
    expect(traitsOf(7, { capabilities: { fusedCompareWrite: true } }).fuses).toBe(1);
  });

  it.each([
    ['maxTransferBytes', 4095],
    ['maxTransferBytes', 12_288],
    ['maxTransferBytes', 2 ** 31],
    ['maxInFlight', 0],
    ['maxInFlight', 65_537],
    ['maxInFlight', 1.5],
  ])('refuses %s of %d', (key, value) => {
    expect(() => traitsOf(1, { [key]: value })).toThrow(`controller.${key}`);
  });
});
