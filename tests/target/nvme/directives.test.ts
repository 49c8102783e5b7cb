import { describe, expect, it } from 'vitest';
import { receiveDirective, sendDirective } from '../../../src/target/nvme/directives.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';

describe('directives', () => {
  it('are the one of type Identify, which is always enabled', () => {
    const bytes = new Uint8Array(4100).fill(0xee);
    expect(receiveDirective(1, bytes)).toBe(0);
    expect([bytes[0], bytes[1], bytes[32], bytes[33], bytes[4095], bytes[4096]]).toEqual([
      1, 0, 1, 0, 0, 0xee,
    ]);
    expect(sendDirective(1, 1)).toBe(0);
  });

  it('are no others', () => {
    const bytes = new Uint8Array(4096);
    expect([receiveDirective(2, bytes), receiveDirective(0x101, bytes)]).toEqual([
      NvmeStatus.invalidField,
      NvmeStatus.invalidField,
    ]);
    for (const [cdw11, cdw12] of [
      [1, 0],
      [1, 0x101],
      [2, 1],
      [0x101, 1],
    ]) {
      expect(sendDirective(cdw11!, cdw12!)).toBe(NvmeStatus.invalidField);
    }
  });
});
