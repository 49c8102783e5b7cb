import { expect, it } from 'vitest';
import {
  BioFlag,
  contextFlags,
  contextOf,
  PRIORITY_MASK,
  PriorityClass,
  priorityClassOf,
  priorityFlags,
} from '../../src/interfaces/bio.ts';

it('flags, priority and context share a word and leave each other alone', () => {
  const plain = Object.values(BioFlag).reduce((all, flag) => all | flag, 0);
  for (const priorityClass of Object.values(PriorityClass)) {
    for (const context of [0, 1, 65_535]) {
      const flags = plain | priorityFlags(priorityClass, 7) | contextFlags(context);
      expect([priorityClassOf(flags), contextOf(flags), flags & 0xff]).toEqual([
        priorityClass,
        context,
        plain,
      ]);
      expect(flags & PRIORITY_MASK).toBe(priorityFlags(priorityClass, 7));
    }
  }
});
