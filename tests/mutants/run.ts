/**
 * Breaks the source by each mutant in turn and expects that its tests notice: `npm run test:mutants`, with any of
 * `-- ROOM`, `-- ROOM/NAME`, and `-- --write` to write the kill table into the guides.
 *
 * The patch is applied by the test runner's transform (see tests/vitest.config.ts); no file of src is touched.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { root } from '../support/source-tree.ts';
import type { Mutant, Patch } from './mutant.ts';
import { loadMutants } from './registry.ts';

/** How long the tests of one mutant may take; one that hangs them has been noticed. */
const LIMIT_SECONDS = 60;
/** Seconds that all of their tests together may take without any mutant. */
const SOUND_LIMIT_SECONDS = 600;

const TABLE = 'docs/mutants.md';

const scratch = `${root}.tsbuild/run/`;

/** What became of one run of tests. */
type Verdict = 'passed' | 'failed' | 'hung' | 'did not load';

interface Outcome {
  verdict: Verdict;
  output: string;
}

let runCount = 0;

function runTests(
  files: readonly string[],
  patch: Patch | undefined,
  limitSeconds = LIMIT_SECONDS,
): Promise<Outcome> {
  const report = `${scratch}mutants.${process.pid}.${runCount}.json`;
  runCount += 1;
  const { LIO_RUNS: _runs, LIO_SEED: _seed, LIO_REPORTS: _reports, ...env } = process.env;
  const config = ['--config', 'tests/vitest.config.ts'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = [`${root}node_modules/vitest/vitest.mjs`, 'run', ...config, ...reporters];
  // A process group of its own, so that tests that hang end together with the workers that run them.
  const child = spawn(process.execPath, [...vitest, ...files], {
    cwd: root,
    env: patch === undefined ? env : { ...env, LIO_MUTANT: JSON.stringify(patch) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, limitSeconds * 1_000);
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      const output = Buffer.concat(chunks).toString();
      resolve({ verdict: hung ? 'hung' : judge(exitCode, report), output });
      rmSync(report, { force: true });
    });
  });
}

/** A file that no longer loads fails every test of it and so proves nothing about them. */
function judge(exitCode: number | null, report: string): Verdict {
  if (exitCode === 0) return 'passed';
  if (!existsSync(report)) return 'did not load';
  return JSON.parse(readFileSync(report, 'utf8')).numFailedTests > 0 ? 'failed' : 'did not load';
}

function isKilled(verdict: Verdict): boolean {
  return verdict === 'failed' || verdict === 'hung';
}

function chosen(
  mutants: ReadonlyMap<string, Mutant>,
  names: readonly string[],
): [string, Mutant][] {
  const isNamed = (id: string) => names.some((name) => id === name || id.startsWith(`${name}/`));
  return [...mutants].filter(([id]) => names.length === 0 || isNamed(id));
}

function tableOf(mutants: ReadonlyMap<string, Mutant>): string {
  const lines = [
    '# Kill table',
    '',
    'Each line is a defect that `npm run test:mutants` puts into the source; the tests named beside it notice it.',
    'The table is written by `npm run test:mutants -- --write`, and only when every mutant was killed.',
    '',
    '| mutant | file | what is wrong | noticed by |',
    '|---|---|---|---|',
  ];
  for (const [id, { file, note, kills }] of mutants) {
    const tests = kills.map((test) => `\`${test}\``).join(', ');
    lines.push(`| ${id} | \`${file}\` | ${note.replaceAll('|', '\\|')} | ${tests} |`);
  }
  return `${lines.join('\n')}\n`;
}

async function main(words: readonly string[]): Promise<number> {
  const names = words.filter((word) => word !== '--write');
  const all = await loadMutants();
  const queue = chosen(all, names);
  if (queue.length === 0) throw new Error(`no mutant is named ${names.join(' ')}`);
  mkdirSync(scratch, { recursive: true });

  const files = [...new Set(queue.flatMap(([, mutant]) => mutant.kills))];
  const sound = await runTests(files, undefined, SOUND_LIMIT_SECONDS);
  if (sound.verdict !== 'passed') {
    console.log(sound.output);
    throw new Error(`the tests ${sound.verdict} without any mutant`);
  }

  const survivors: string[] = [];
  const started = performance.now();
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [id, mutant] = next;
      const { verdict, output } = await runTests(mutant.kills, mutant);
      if (!isKilled(verdict)) survivors.push(id);
      console.log(`${isKilled(verdict) ? 'killed  ' : 'SURVIVED'} ${id}: the tests ${verdict}`);
      if (!isKilled(verdict)) console.log(output);
    }
  };
  const total = queue.length;
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));

  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const killed = total - survivors.length;
  console.log(`mutants: ${killed} killed, ${survivors.length} survived, ${seconds} s`);
  writeReport(killed, survivors.length);
  if (survivors.length > 0) return 1;
  return names.length > 0 || settleTable(tableOf(all), words.includes('--write')) ? 0 : 1;
}

/** Leaves the counts where the continuous integration sums up those of every run. */
function writeReport(killed: number, survived: number): void {
  const directory = process.env['LIO_REPORTS'];
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  const counts = { numPassedTests: killed, numFailedTests: survived, numPendingTests: 0 };
  writeFileSync(`${directory}/${process.pid}.json`, JSON.stringify(counts));
}

function settleTable(table: string, write: boolean): boolean {
  const path = root + TABLE;
  if (write) writeFileSync(path, table);
  if (existsSync(path) && readFileSync(path, 'utf8') === table) return true;
  console.log(`${TABLE} is out of date: npm run test:mutants -- --write`);
  return false;
}

process.exitCode = await main(process.argv.slice(2));
