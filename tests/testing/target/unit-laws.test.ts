import { describe, expect, it } from 'vitest';
import { LawError, law, UnitLaw } from '../../../src/testing/target/unit-laws.ts';

describe('law', () => {
  it('throws an error that names the law and what happened', () => {
    law(true, UnitLaw.abort, 'nothing');
    for (const what of ['it did not', () => 'it did not']) {
      let thrown: unknown;
      try {
        law(false, UnitLaw.abort, what);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(LawError);
      expect(thrown).toMatchObject({
        name: 'LawError',
        law: UnitLaw.abort,
        message: `${UnitLaw.abort}: it did not`,
      });
    }
  });
});
