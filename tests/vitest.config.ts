/**
 * How the tests run. Tiers are projects: `unit` and `heap` (npm test, npm run test:ci), `peers` (real tools), `long`.
 *
 * Environment: LIO_RUNS chooses the run counts of properties (`test`, `ci` or `long`), LIO_SEED repeats the random
 * seed of a run, LIO_REPORTS=DIR adds a JSON report for each run; LIO_MUTANT holds one source patch as JSON (set by
 * tests/mutants/run.ts).
 */
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { applyPatch, type Patch } from './mutants/mutant.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const tier = process.env['LIO_RUNS'] ?? 'test';
const minutes = { test: 1, ci: 5, long: 120 }[tier];
if (minutes === undefined) throw new Error(`LIO_RUNS=${tier} is not one of test, ci, long`);

// One random seed serves every file of a run, so that one number repeats all of it.
if (tier !== 'test' && process.env['LIO_SEED'] === undefined) {
  process.env['LIO_SEED'] = String(randomInt(0x7fff_ffff));
  process.stderr.write(`random seed of this run: LIO_SEED=${process.env['LIO_SEED']}\n`);
}

const mutant = process.env['LIO_MUTANT'];
const patch: Patch | undefined = mutant === undefined ? undefined : JSON.parse(mutant);

const reports = process.env['LIO_REPORTS'];

export default defineConfig({
  root,
  plugins: [
    {
      name: 'lio-nvme:mutant',
      enforce: 'pre',
      transform: (code, id) =>
        patch !== undefined && id === root + patch.file ? applyPatch(patch, code) : undefined,
    },
  ],
  resolve: {
    alias: [
      { find: /^lio-nvme$/, replacement: `${root}src/index.ts` },
      { find: /^lio-nvme\/([a-z-]+)$/, replacement: `${root}src/$1/index.ts` },
    ],
  },
  test: {
    globals: false,
    testTimeout: minutes * 60_000,
    hookTimeout: minutes * 60_000,
    reporters: reports === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: `${reports}/${process.pid}.json` },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/peers/**', 'tests/long/**', 'tests/**/*heap.test.ts'],
          // Files share two processes: a new one for each file would double the time of the tier.
          isolate: false,
        },
      },
      // What the heap holds depends on the code that ran before, so these files get a process each.
      { extends: true, test: { name: 'heap', include: ['tests/**/*heap.test.ts'] } },
      { extends: true, test: { name: 'peers', include: ['tests/peers/**/*.test.ts'] } },
      { extends: true, test: { name: 'long', include: ['tests/long/**/*.test.ts'] } },
    ],
  },
});
