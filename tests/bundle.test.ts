import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { publicRooms, root } from './support/source-tree.ts';

/** Most kibibytes of each entry, minified and compressed: about 30 % above what it was when last set. */
const BUDGETS_KIB: Readonly<Record<string, number>> = {
  '.': 150,
  './backends': 12,
  './block': 36,
  './block-drivers': 22,
  './devices': 20,
  './frontends': 10,
  './interfaces': 2,
  './memory': 4,
  './nvme-device': 23,
  './nvme-driver': 20,
  './sim': 4,
  './target': 75,
  './vhost': 7,
  './virtqueue': 13,
  './vmm': 10,
  './wire': 13,
};

/** Rooms for Node alone, and for tests. */
const NOT_FOR_BROWSERS: readonly string[] = ['node', 'testing'];

async function bundle(entry: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [root + entry],
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
    absWorkingDir: root,
  });
  return result.outputFiles[0]!.contents;
}

/** Source of each entry by its subpath. */
const entries = new Map([['.', 'src/index.ts']]);
for (const room of publicRooms()) {
  if (!NOT_FOR_BROWSERS.includes(room)) entries.set(`./${room}`, `src/${room}/index.ts`);
}

describe('a bundle for the browser', () => {
  it.each([...entries])('of %s needs no Node and stays in its budget', async (subpath, entry) => {
    const code = await bundle(entry);
    expect(new TextDecoder().decode(code)).not.toMatch(/["']node:/);
    const kib = gzipSync(code, { level: 9 }).length / 1_024;
    const budget = BUDGETS_KIB[subpath];
    expect(budget, `${subpath} takes ${kib.toFixed(1)} KiB and has no budget`).toBeDefined();
    expect(kib, `${subpath} takes ${kib.toFixed(1)} KiB of ${budget} KiB`).toBeLessThan(budget!);
  });

  it('has no budget for an entry that is gone', () => {
    expect(Object.keys(BUDGETS_KIB).filter((subpath) => !entries.has(subpath))).toEqual([]);
  });

  it('refuses what needs Node', async () => {
    await expect(bundle('tests/support/source-tree.ts')).rejects.toThrow(/node:fs/);
  });
});
