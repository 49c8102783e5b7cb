/** Judges what a power cut left of a recorded file system: the journal recovers, e2fsck finds nothing, files are what they must be. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type FsLogEntry, parseFsLog } from '../../src/testing/block/fs-log-replay.ts';

interface FileState {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

interface Window {
  readonly mark: string;
  readonly durable: readonly FileState[];
  readonly masked: readonly (FileState & { readonly regions: readonly [number, number][] })[];
  readonly eitherPath: readonly { readonly paths: readonly string[]; readonly sha256: string }[];
  readonly oneOf: readonly { readonly path: string; readonly sha256: readonly string[] }[];
  readonly absent: readonly string[];
}

/** One recording: its log, the payloads, and what files must be after each mark. */
export class FsRecording {
  readonly entries: readonly FsLogEntry[];
  readonly data: Uint8Array<ArrayBuffer>;
  /** The entry from which on a cut can be judged. */
  readonly mounted: number;
  readonly #windows: ReadonlyMap<string, Window>;

  constructor(name: string) {
    const read = (suffix: string) =>
      gunzipSync(readFileSync(new URL(`../golden/fs-logs/${name}.${suffix}.gz`, import.meta.url)));
    this.entries = parseFsLog(read('jsonl').toString());
    this.data = new Uint8Array(read('data'));
    this.mounted = this.entries.findIndex((entry) => entry.mark === 'mount');
    const { windows } = JSON.parse(read('exp.json').toString()) as { windows: Window[] };
    this.#windows = new Map(windows.map((window) => [window.mark, window]));
  }

  /** What must hold after a cut at an entry. */
  windowAt(entry: number): Window | undefined {
    for (let i = entry; i >= 0; i--) {
      const window = this.#windows.get(this.entries[i]!.mark);
      if (window !== undefined) return window;
    }
    return undefined;
  }
}

/** Runs the tools on images in a directory of its own. */
export class FsLogJudge {
  readonly #directory = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lio-fs-'),
  );
  readonly #e2fsck: string;
  readonly #debugfs: string;

  constructor(e2fsck: string) {
    this.#e2fsck = e2fsck;
    this.#debugfs = e2fsck.replace('e2fsck', 'debugfs');
  }

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** What is wrong with the image, or nothing. */
  judge(image: Uint8Array, window: Window | undefined): string {
    const path = join(this.#directory, 'image');
    writeFileSync(path, image);
    const journal = spawnSync(this.#e2fsck, ['-y', '-E', 'journal_only', path], {
      encoding: 'utf8',
    });
    if (journal.status! > 1 || journal.stdout.includes('Pass 1')) {
      return `the journal does not recover: ${journal.stdout}${journal.stderr}`;
    }
    const check = spawnSync(this.#e2fsck, ['-fn', path], { encoding: 'utf8' });
    if (check.status !== 0) return `e2fsck finds: ${check.stdout}${check.stderr}`;
    return window === undefined ? '' : this.#judgeFiles(path, window);
  }

  #judgeFiles(image: string, window: Window): string {
    const { durable, masked, eitherPath, oneOf, absent } = window;
    const named = [durable, masked, oneOf].flatMap((list) => list.map(({ path }) => path));
    const files = this.#dump(image, [
      ...named,
      ...eitherPath.flatMap(({ paths }) => paths),
      ...absent,
    ]);
    const bytesOf = (path: string) => files.get(path);
    const hashOf = (path: string) => hash(bytesOf(path));
    for (const { path, size, sha256 } of durable) {
      if (bytesOf(path)?.length !== size || hashOf(path) !== sha256)
        return `${path} is not durable`;
    }
    for (const { path, sha256, regions } of masked) {
      const bytes = bytesOf(path);
      for (const [from, length] of regions) bytes?.fill(0, from, from + length);
      if (hash(bytes) !== sha256) return `${path} differs outside of what was being written`;
    }
    for (const { paths, sha256 } of eitherPath) {
      if (!paths.some((path) => hashOf(path) === sha256)) return `none of ${paths} is there`;
    }
    for (const { path, sha256 } of oneOf) {
      if (!sha256.includes(hashOf(path))) return `${path} is neither old nor new`;
    }
    const back = absent.find((path) => bytesOf(path) !== undefined);
    return back === undefined ? '' : `${back} is there again`;
  }

  #dump(image: string, paths: readonly string[]): Map<string, Uint8Array> {
    const out = join(this.#directory, 'files');
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    const script = join(this.#directory, 'script');
    const lines = paths.map((path, index) => `dump "/${path}" ${join(out, String(index))}`);
    writeFileSync(script, `${lines.join('\n')}\n`);
    spawnSync(this.#debugfs, ['-f', script, image]);
    const files = new Map<string, Uint8Array>();
    for (const [index, path] of paths.entries()) {
      const file = join(out, String(index));
      if (existsSync(file)) files.set(path, new Uint8Array(readFileSync(file)));
    }
    return files;
  }
}

function hash(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : createHash('sha256').update(bytes).digest('hex');
}
