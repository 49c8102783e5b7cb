import { expect, it } from 'vitest';
import { NvmeStatus, nvmeStatusName, STATUS_DNR, STATUS_MORE } from '../../src/wire/nvme-status.ts';

it('gives every status a code of its own inside eleven bits', () => {
  const codes = Object.values(NvmeStatus);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.every((code) => code >= 0 && code < 0x800)).toBe(true);
});

it('names a status with its type and code, whatever the other bits say', () => {
  expect(nvmeStatusName(NvmeStatus.lbaOutOfRange)).toBe('lbaOutOfRange (0/80h)');
  expect(nvmeStatusName(NvmeStatus.invalidQueueSize | STATUS_DNR | STATUS_MORE)).toBe(
    'invalidQueueSize (1/02h)',
  );
});

it('shows a code without a name as numbers', () => {
  expect(nvmeStatusName(0x7c1)).toBe('7/c1h');
});
