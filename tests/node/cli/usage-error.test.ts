import { expect, it } from 'vitest';
import { UsageError } from '../../../src/node/cli/usage-error.ts';

it('is known by its name and says what it was given', () => {
  expect(String(new UsageError('no'))).toBe('UsageError: no');
});
