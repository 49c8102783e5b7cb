/** The recorded cases of a kind. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type RecordedCase, readBlockCases } from '../../../src/testing/block/recorded-case.ts';

const golden = new URL('../../golden/block/', import.meta.url);

function unzip(file: string): string {
  return gunzipSync(readFileSync(new URL(file, golden))).toString();
}

export const KINDS = ['split', 'discard', 'merge', 'flush', 'part', 'tags', 'sched'] as const;

export function casesOf(kind: (typeof KINDS)[number]): RecordedCase[] {
  return readBlockCases(unzip(`${kind}.jsonl.gz`), unzip('limits.json.gz'));
}
