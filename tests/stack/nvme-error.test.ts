import { expect, it } from 'vitest';
import { NvmeError } from '../../src/stack/nvme-error.ts';

it('says what failed, the name of the status and its number', () => {
  const error = new NvmeError('read of 512 bytes at 0', 0x280);
  expect(error.status).toBe(0x280);
  expect(error.name).toBe('NvmeError');
  expect(error.message).toMatch(/^read of 512 bytes at 0 ended with .+ \(status 280h\)$/);
});
