import { expect, it } from 'vitest';
import { FatalReason } from '../../src/nvme-device/engine-host.ts';

it('gives each fatal reason a number of its own', () => {
  const numbers = Object.values(FatalReason);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).not.toContain(0);
});
