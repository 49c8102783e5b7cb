/** The recordings under tests/golden/virtqueue. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const directory = new URL('../../golden/virtqueue/', import.meta.url);

export function goldenNames(): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json.gz'))
    .map((name) => name.slice(0, -'.json.gz'.length));
}

export function readGolden<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, directory))).toString());
}
