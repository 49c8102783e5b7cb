import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'assert-inverted',
    file: 'src/base/assert.ts',
    find: 'if (!condition) throw',
    replace: 'if (condition) throw',
    kills: ['tests/base/assert.test.ts'],
    note: 'assert throws when the condition holds and is silent when it does not',
  },
];
