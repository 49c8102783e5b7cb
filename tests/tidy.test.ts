import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OWED } from './support/owed.ts';
import { listFiles, root } from './support/source-tree.ts';
import { findSourceFaults, findTextFaults, type SourceTree } from './support/tidy-rules.ts';

function readAll(paths: readonly string[]): SourceTree {
  return new Map(paths.map((path) => [path, readFileSync(root + path, 'utf8')]));
}

/** The faults of one file beside those that it imports. */
function faultsOf(path: string, text: string): string[] {
  return findSourceFaults(
    new Map([[path, text]]),
    new Set([path.replace('src/', 'tests/').replace('.ts', '.test.ts')]),
  );
}

describe('the source tree', () => {
  it('keeps the rules of its rooms, but for what is listed as owed', () => {
    const tests = new Set(listFiles('tests', '.test.ts'));
    const faults = findSourceFaults(readAll(listFiles('src', '.ts')), tests);
    expect([...faults].sort()).toEqual([...OWED].sort());
  });

  it('names no path of one machine in tests, examples and guides', () => {
    const texts = [
      ...listFiles('tests', '.ts'),
      ...listFiles('examples', '.js'),
      ...listFiles('docs', '.md').filter((path) => !path.startsWith('docs/api/')),
    ];
    expect(findTextFaults(readAll(texts))).toEqual([]);
  });
});

describe('the rules', () => {
  it.each([
    ['a room of a higher level', 'src/base/a.ts', "import '../sim/b.ts';", "'../sim/b.ts'"],
    [
      'a type of a higher level',
      'src/sim/a.ts',
      "import type { B } from '../stack/b.ts';",
      "'../stack/b.ts'",
    ],
    [
      'a neighbour of level 4',
      'src/vhost/a.ts',
      "export { b } from '../virtqueue/b.ts';",
      "'../virtqueue/b.ts'",
    ],
    [
      'a neighbour by a type',
      'src/wire/a.ts',
      "type B = import('../memory/b.ts').B;",
      "'../memory/b.ts'",
    ],
    ['node: in the core', 'src/stack/a.ts', "import 'node:fs';", "'node:fs'"],
    ['zod below the edge', 'src/target/a.ts', "import * as z from 'zod/mini';", "'zod/mini'"],
    [
      'fast-check outside of testing',
      'src/node/a.ts',
      "import fc from 'fast-check';",
      "'fast-check'",
    ],
    ['an unknown package', 'src/node/a.ts', "import 'left-pad';", "'left-pad'"],
    ['a computed module', 'src/node/a.ts', 'const a = () => import(name);', "'(computed)'"],
    ['a file outside of src', 'src/node/a.ts', "import '../../tests/support/runs.ts';", 'runs.ts'],
  ])('refuse to import %s', (_, path, text, what) => {
    expect(faultsOf(path, text)).toEqual([expect.stringContaining(`${path}: may not import`)]);
    expect(faultsOf(path, text)[0]).toContain(what);
  });

  it.each([
    ["import '../interfaces/b.ts'; import './c.ts';", 'src/sim/a.ts'],
    ["import * as z from 'zod/mini'; import '../virtqueue/b.ts';", 'src/stack/a.ts'],
    ["import { readSync } from 'node:fs';", 'src/node/a.ts'],
    ["import fc from 'fast-check'; const later = Promise.resolve(Date.now());", 'src/testing/a.ts'],
    ['const top = Math.max(Math.sqrt(4), Math.imul(3, 5));', 'src/base/a.ts'],
    ["// Promise and Date in a comment\nconst text = 'Promise Math.random()';", 'src/base/a.ts'],
    [
      'interface Clock { Date: number } const read = (clock: Clock) => clock.Date;',
      'src/base/a.ts',
    ],
    ["const path = 'dir/work/a';", 'src/base/a.ts'],
  ])('let %s stand', (text, path) => {
    expect(faultsOf(path, text)).toEqual([]);
  });

  it.each([
    ['Promise', 'const later = Promise.resolve();', 'may not use Promise'],
    ['a promise type', 'export type Later = Promise<void>;', 'may not use Promise'],
    ['Date', 'const today = new Date();', 'may not use Date'],
    ['a timer', 'const start = () => setTimeout(() => {}, 1);', 'may not use setTimeout'],
    ['chance', 'const dice = Math.random();', 'may not use Math.random'],
    ['inexact functions', 'const wave = Math.sin(1);', 'may not use Math.sin'],
    [
      'Math by an alias',
      'const { log } = Math;',
      'may use Math only by a function of a known name',
    ],
    ['async', 'const go = async () => {};', 'may not be asynchronous'],
    ['code made at run time', "const run = new Function('');", 'may not use Function'],
  ])('refuse %s below the stack', (_, text, fault) => {
    expect(faultsOf('src/virtqueue/a.ts', text)).toEqual([`src/virtqueue/a.ts: ${fault}`]);
    expect(faultsOf('src/stack/a.ts', text)).toEqual([]);
  });

  it('refuse a room without a level', () => {
    expect(faultsOf('src/attic/a.ts', '')).toEqual(["src/attic/a.ts: room 'attic' has no level"]);
  });

  it('refuse the 401st line', () => {
    expect(faultsOf('src/base/a.ts', '\n'.repeat(400))).toEqual([]);
    expect(faultsOf('src/base/a.ts', '\n'.repeat(401))).toEqual([
      'src/base/a.ts: has more than 400 lines',
    ]);
  });

  it('refuse work that is left for later', () => {
    for (const word of ['TODO', 'FIXME', 'XXX', 'placeholder', 'not implemented']) {
      expect(faultsOf('src/base/a.ts', `// ${word}`)).toEqual([`src/base/a.ts: says '${word}'`]);
    }
  });

  it('refuse a path of one machine', () => {
    for (const top of ['work', 'home', 'root', 'tmp']) {
      const text = `const path = '/${top}/x';`;
      expect(faultsOf('src/base/a.ts', text)).toEqual([
        'src/base/a.ts: names a path of one machine',
      ]);
    }
    expect(findTextFaults(new Map([['tests/a.test.ts', `'/${'home'}/me'`]]))).toHaveLength(1);
  });

  it('refuse files that import one another, even by types alone', () => {
    const sources = new Map([
      ['src/base/a.ts', "import type { B } from './b.ts';"],
      ['src/base/b.ts', "import type { C } from './c.ts';"],
      ['src/base/c.ts', "import type { B } from './b.ts';"],
    ]);
    expect(findSourceFaults(sources, new Set())).toEqual([
      'src/base/b.ts: imports itself: src/base/b.ts -> src/base/c.ts -> src/base/b.ts',
    ]);
  });

  it.each([
    ['export function f(): void {}', true],
    ['export class C {}', true],
    ['export const table = build();', true],
    ['export const f = () => 1;', true],
    ["export interface A {}\nexport type B = A;\nimport type { C } from './c.ts';", false],
    ["export const Op = { READ: 0, WRITE: 1 << 1, BAD: -1, NAME: 'x' } as const;", false],
    ['export const LIMIT = 2 ** 32 - 1;', false],
  ])('ask for a test of %j: %s', (text, asks) => {
    const faults = findSourceFaults(new Map([['src/base/a.ts', text]]), new Set());
    expect(faults).toEqual(asks ? ['src/base/a.ts: has no tests/base/a.test.ts'] : []);
    expect(findSourceFaults(new Map([['src/base/index.ts', text]]), new Set())).toEqual([]);
  });
});
