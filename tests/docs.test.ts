/** Every program in the README, in the guides and in an `@example` runs as it is printed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listFiles, root } from './support/source-tree.ts';

interface Snippet {
  readonly name: string;
  readonly code: string;
}

const FENCE = /^[ \t]*```(?:ts|js)\n([\s\S]*?)^[ \t]*```/gm;

/** The fenced programs of a text that import the library; a fragment without an import is prose. */
function programs(path: string, text: string): Snippet[] {
  const found: Snippet[] = [];
  for (const match of text.matchAll(FENCE)) {
    if (!/^import /m.test(match[1]!)) continue;
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ name: `${path}:${line}`, code: match[1]! });
  }
  return found;
}

/** The text of `@example` blocks, without the stars of their comment. */
function commentText(source: string): string {
  return source.replace(/^[ \t]*\* ?/gm, '');
}

const snippets = [
  ...['README.md', ...listFiles('docs', '.md')].flatMap((path) =>
    path.startsWith('docs/api/') ? [] : programs(path, readFileSync(root + path, 'utf8')),
  ),
  ...listFiles('src', '.ts').flatMap((path) =>
    programs(path, commentText(readFileSync(root + path, 'utf8'))),
  ),
];

describe('printed programs', () => {
  it('are found', () => {
    expect(snippets.some((each) => each.name.startsWith('README.md'))).toBe(true);
    expect(programs('x', "text\n```ts\nimport 'a';\n```\n```ts\nlet fragment;\n```\n")).toEqual([
      { name: 'x:2', code: "import 'a';\n" },
    ]);
  });

  it.each(snippets.map((each) => [each.name, each.code]))('%s runs', async (name, code) => {
    const directory = `${root}.tsbuild/snippets`;
    mkdirSync(directory, { recursive: true });
    const file = `${directory}/${name.replace(/\W/g, '-')}.ts`;
    writeFileSync(file, code);
    await import(file);
  });
});
