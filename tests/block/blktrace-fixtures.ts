/** Traces and logs of the real blktrace and fio, which are kept compressed. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const directory = new URL('../golden/block/fixtures/', import.meta.url);

export function fixture(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(new URL(`${name}.gz`, directory))));
}

export function textFixture(name: string): string {
  return new TextDecoder('latin1').decode(fixture(name));
}
