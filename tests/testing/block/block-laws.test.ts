import { expect, it } from 'vitest';
import { BlockLaw, BlockLawError, blockLaw } from '../../../src/testing/block/block-laws.ts';

it('names the law that does not hold, and is silent about one that does', () => {
  expect(() => blockLaw(true, BlockLaw.limits, 'fine')).not.toThrow();
  try {
    blockLaw(false, BlockLaw.limits, 'too long');
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(BlockLawError);
    expect(error).toMatchObject({
      law: BlockLaw.limits,
      message: 'no request exceeds a limit of the driver: too long',
    });
  }
});
