/** Checks a part of a configuration file against its schema. */
import * as z from 'zod/mini';
import type { ProblemList } from './problems.ts';

/** The first thing that is wrong, with its path below `path`. */
export function firstIssue(
  error: z.core.$ZodError,
  path: string,
): { path: string; message: string } {
  const issue = error.issues[0]!;
  const below = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  const expected = issue.message === 'Invalid input' ? 'another value' : issue.message;
  return { path: `${path}${below.join('')}`.replace(/^\./, ''), message: `expected ${expected}` };
}

/** The part with its defaults; a part that does not fit is listed as an error and left out. */
export function parsePart<S extends z.core.$ZodType>(
  schema: S,
  value: unknown,
  path: string,
  problems: ProblemList,
): z.output<S> | undefined {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const issue = firstIssue(result.error, path);
  problems.error(issue.path, `${issue.message}; left out`);
  return undefined;
}
