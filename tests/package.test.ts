import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { publicRooms, root } from './support/source-tree.ts';

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

function exportOf(directory: string): object {
  return { types: `./dist/${directory}index.d.ts`, default: `./dist/${directory}index.js` };
}

describe('package.json', () => {
  it('exports the index, one subpath for each public room of src, and nothing else', () => {
    const expected: Record<string, unknown> = { '.': exportOf('') };
    for (const room of publicRooms()) expected[`./${room}`] = exportOf(`${room}/`);
    expected['./package.json'] = './package.json';
    expect(manifest.exports).toEqual(expected);
  });

  it('names the types before the code in every export', () => {
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'object')
        expect(Object.keys(target!), subpath).toEqual(['types', 'default']);
    }
  });

  it('has a command whose source exists and starts with a line that names its interpreter', () => {
    const source = manifest.bin['lio-nvme'].replace('dist/', 'src/').replace('.js', '.ts');
    expect(existsSync(root + source), source).toBe(true);
    expect(readFileSync(root + source, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('pins its one run-time dependency and leaves fast-check to those who want it', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['zod']);
    expect(manifest.dependencies.zod).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Object.keys(manifest.peerDependencies)).toEqual(['fast-check']);
    expect(manifest.peerDependenciesMeta['fast-check']).toEqual({ optional: true });
  });

  it('is an ES module without side effects for Node 20.19 and later', () => {
    expect(manifest.type).toBe('module');
    expect(manifest.sideEffects).toBe(false);
    expect(manifest.engines.node).toBe('>=20.19');
  });
});
