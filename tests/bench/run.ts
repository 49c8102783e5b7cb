/**
 * Runs the benches, each in a process of its own so that one does not shape the compiled code of another:
 * `npm run bench`, with `-- WORD` for those whose path holds the word.
 */
import { spawnSync } from 'node:child_process';
import { listFiles, root } from '../support/source-tree.ts';

const words = process.argv.slice(2);
const benches = listFiles('tests/bench', '.bench.ts');
const chosen = benches.filter((path) => words.every((word) => path.includes(word)));
if (chosen.length === 0) throw new Error(`no bench matches; there are ${benches.join(', ')}`);

for (const path of chosen) {
  const { status } = spawnSync(process.execPath, ['tests/support/run-ts.js', path], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
