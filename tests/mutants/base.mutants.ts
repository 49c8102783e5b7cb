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
  {
    name: 'need-event-off-by-one',
    file: 'src/base/seq16.ts',
    find: 'sub16(newIndex, event + 1) <',
    replace: 'sub16(newIndex, event) <',
    kills: ['tests/base/seq16.test.ts'],
    note: 'needEvent asks for a notification one entry too late',
  },
  {
    name: 'need-event-without-wrap',
    file: 'src/base/seq16.ts',
    find: 'sub16(newIndex, event + 1) < sub16(newIndex, oldIndex)',
    replace: 'event >= oldIndex && event < newIndex',
    kills: ['tests/base/seq16.test.ts'],
    note: 'needEvent compares indices as if they never wrapped',
  },
];
