/**
 * Runs one TypeScript program on plain Node: `node tests/support/run-ts.js PROGRAM.ts ARGUMENT...`.
 *
 * esbuild bundles the program into a temporary file, so that it runs as the JavaScript that users get and not through
 * a test runner's transform. Packages stay outside the bundle.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [program, ...programArguments] = process.argv.slice(2);
if (program === undefined) throw new Error('usage: run-ts.js PROGRAM.ts ARGUMENT...');

// Two levels below the root like the sources of the tests, so that paths relative to `import.meta.url` still hold.
const directory = fileURLToPath(new URL('../../.tsbuild/run/', import.meta.url));
const outfile = `${directory}${basename(program, '.ts')}.${process.pid}.mjs`;
mkdirSync(directory, { recursive: true });
await build({
  entryPoints: [program],
  outfile,
  bundle: true,
  format: 'esm',
  packages: 'external',
  platform: 'node',
  sourcemap: 'inline',
  target: 'node20',
  logLevel: 'warning',
});
process.setSourceMapsEnabled(true);
process.argv = [process.argv[0] ?? 'node', program, ...programArguments];
try {
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
