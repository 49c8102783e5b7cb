/** How many runs a property gets in each tier, from which seeds, and within which budget of time. */
import fc from 'fast-check';
import { expect } from 'vitest';

/** The seed of every tier: the same inputs on each machine and each day. */
const FIXED_SEED = 20151120;

/** Seconds that the properties of one test file may take together. */
const BUDGET_SECONDS = { test: 60, ci: 90, long: 7_200 } as const;

type Tier = keyof typeof BUDGET_SECONDS;

/** The tier that LIO_RUNS names; `npm test` sets none. */
export const tier: Tier = readTier(process.env['LIO_RUNS'] ?? 'test');

/** The run count of a property in this tier: `runs(50, 1_000)` is 50 in `npm test` and 1,000 in `npm run test:ci`. */
export function runs(test: number, ci = test * 20, long = ci * 20): number {
  return { test, ci, long }[tier];
}

/** The seeds of this tier: the fixed one, and above `npm test` the random one that the run printed at its start. */
export function seeds(): readonly number[] {
  const random = process.env['LIO_SEED'];
  return random === undefined ? [FIXED_SEED] : [FIXED_SEED, Number(random)];
}

/** Milliseconds that each test file has spent; files share a process. */
const spentMs = new Map<string, number>();

/**
 * Checks a property once for each seed of the tier. A failure names seed, path and (for commands) replayPath; paste
 * `seed` and `path` into `options` to repeat it. A property that the budget cuts short says how many runs it made.
 */
export function checkProperty<T>(
  property: fc.IProperty<T>,
  numRuns: number,
  options: fc.Parameters<T> = {},
): void {
  for (const [turn, seed] of seeds().entries()) {
    const limit = timeLimit(turn);
    const started = performance.now();
    const details = fc.check(property, { seed, numRuns, ...limit, ...options });
    settle(details, numRuns, performance.now() - started);
  }
}

/** {@link checkProperty} for a property that awaits. */
export async function checkAsyncProperty<T>(
  property: fc.IAsyncProperty<T>,
  numRuns: number,
  options: fc.Parameters<T> = {},
): Promise<void> {
  for (const [turn, seed] of seeds().entries()) {
    const limit = timeLimit(turn);
    const started = performance.now();
    const details = await fc.check(property, { seed, numRuns, ...limit, ...options });
    settle(details, numRuns, performance.now() - started);
  }
}

interface TimeLimit {
  interruptAfterTimeLimit: number;
  markInterruptAsFailure: boolean;
}

/** Each seed gets its share of what is left; a file that is over its budget still gets a second for each. */
function timeLimit(turn: number): TimeLimit {
  const leftMs = BUDGET_SECONDS[tier] * 1_000 - (spentMs.get(testFile()) ?? 0);
  const shareMs = leftMs / (seeds().length - turn);
  return { interruptAfterTimeLimit: Math.max(1_000, shareMs), markInterruptAsFailure: false };
}

function testFile(): string {
  return expect.getState().testPath ?? '';
}

function settle<T>(details: fc.RunDetails<T>, numRuns: number, tookMs: number): void {
  spentMs.set(testFile(), (spentMs.get(testFile()) ?? 0) + tookMs);
  if (details.failed)
    throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  if (!details.interrupted) return;
  const what = `${details.numRuns} of ${numRuns} runs from seed ${details.seed}`;
  const { currentTestName } = expect.getState();
  process.stderr.write(`cut short by the budget of time: ${what} (${currentTestName})\n`);
}

function readTier(name: string): Tier {
  if (name === 'test' || name === 'ci' || name === 'long') return name;
  throw new Error(`LIO_RUNS=${name} is not one of test, ci, long`);
}
