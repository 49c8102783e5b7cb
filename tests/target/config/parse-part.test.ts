import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { firstIssue, parsePart } from '../../../src/target/config/parse-part.ts';
import { ProblemList } from '../../../src/target/config/problems.ts';

const schema = z.object({
  a: z.array(z.number({ error: 'a number' })),
  b: z._default(z.string(), 'x'),
});

describe('parsePart', () => {
  it('gives the part with its defaults', () => {
    const problems = new ProblemList();
    expect(parsePart(schema, { a: [1] }, 'p', problems)).toEqual({ a: [1], b: 'x' });
    expect(problems.all).toEqual([]);
  });

  it('lists a part that does not fit, with the path of what is wrong', () => {
    const problems = new ProblemList();
    expect(parsePart(schema, { a: [1, 'y'] }, 'p', problems)).toBeUndefined();
    expect(problems.all).toEqual([
      { severity: 'error', path: 'p.a[1]', message: 'expected a number; left out' },
    ]);
  });
});

describe('firstIssue', () => {
  it('has a path of its own where there is none above', () => {
    const { error } = z.safeParse(schema, { a: 1 });
    expect(firstIssue(error!, '')).toEqual({ path: 'a', message: 'expected another value' });
  });
});
