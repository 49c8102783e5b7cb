/** The program as users run it: bundled from its sources, as a process of its own. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { root } from '../../support/source-tree.ts';

/** What a process left behind. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A built program. */
export interface Program {
  /** Path of the file to run with Node. */
  readonly path: string;
  /** Runs it to its end. */
  run(...args: string[]): Promise<Ended>;
  /** Takes the file away. */
  remove(): void;
}

/** Builds the program as deep below the root as the sources are, so that it finds the package's manifest. */
export async function buildProgram(name: string): Promise<Program> {
  const directory = `${root}.tsbuild/cli/${name}-${process.pid}/`;
  mkdirSync(directory, { recursive: true });
  const path = `${directory}cli.mjs`;
  await build({
    entryPoints: [`${root}src/node/cli.ts`],
    outfile: path,
    bundle: true,
    format: 'esm',
    packages: 'external',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  return {
    path,
    run: (...args) => ended(spawn(process.execPath, [path, ...args])),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** Waits for the end of a process. */
export function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
