/** Recordings of the real LIO: see tests/golden/lio/FORMAT.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const directory = new URL('../golden/lio/', import.meta.url);

/** The text of a recording, by its name without `.gz`. */
export function lioText(name: string): string {
  return gunzipSync(readFileSync(new URL(`${name}.gz`, directory))).toString();
}

/** A recording, parsed. */
export function lioGolden<T>(name: string): T {
  return JSON.parse(lioText(name)) as T;
}

/** Names of the recorded configuration files. */
export const lioConfigs: readonly string[] = readdirSync(new URL('cfg/', directory)).map(
  (file) => `cfg/${file.replace('.gz', '')}`,
);
