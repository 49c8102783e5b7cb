import { expect, it } from 'vitest';
import { NvmeLaw, NvmeLawError, nvmeLaw } from '../../../src/testing/nvme/nvme-laws.ts';

it('names the law and what broke it', () => {
  nvmeLaw(true, NvmeLaw.reset, 'nothing');
  expect(() => nvmeLaw(false, NvmeLaw.reset, 'one is missing')).toThrow(
    `${NvmeLaw.reset}: one is missing`,
  );
  expect(new NvmeLawError(NvmeLaw.reset, 'x').law).toBe(NvmeLaw.reset);
});
