/** The page that compares the roads says what the roads do: `LIO_WRITE=1` writes its blocks anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ROADS, type Road } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { roadBatch } from '../support/road-batch.ts';
import { root } from '../support/source-tree.ts';

const PAGE = `${root}docs/roads.md`;
const IOS = 3200;

function makeStack(road: Road): Stack {
  const stack = createStack({ road, backend: { type: 'rd_mcp', size: '64MiB' } });
  stack.guest.boot();
  return stack;
}

/** Each counter of each layer by `layer: counter`. */
function countsOf(stack: Stack): Map<string, number> {
  return new Map(
    stack
      .counters()
      .flatMap(({ name, counters }) =>
        Object.entries(counters).map(([key, count]) => [`${name}: ${key}`, count] as const),
      ),
  );
}

/** What crosses per 4-KiB read in steady state. */
function perIo(road: Road, depth: number): Map<string, string> {
  const stack = makeStack(road);
  const batch = roadBatch(stack, { bytes: 4096, depth, isRead: true });
  batch(IOS);
  const before = countsOf(stack);
  batch(IOS);
  const rows = [...countsOf(stack)].filter(([name]) => !name.endsWith('inFlight'));
  return new Map(
    rows.map(([name, count]) => [name, ((count - before.get(name)!) / IOS).toFixed(2)]),
  );
}

function blockOf(road: Road): string {
  const [one, many] = [perIo(road, 1), perIo(road, 32)];
  const rows = [...one].map(([name, count]) => `| ${name} | ${count} | ${many.get(name)} |`);
  const diagram = makeStack(road)
    .describe()
    .replace(/ {2}[a-zA-Z]+ \d+/g, '')
    .replace(/ +$/gm, '');
  return [
    '```',
    diagram,
    '```',
    '',
    '| counted per read | QD 1 | QD 32 |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}

it('every figure and diagram of the page comes from a run', () => {
  const written = readFileSync(PAGE, 'utf8');
  let text = written;
  for (const road of ROADS) {
    const block = new RegExp(`(<!-- ${road} -->\n)[^]*?(<!-- end -->)`);
    expect(text, `a block for ${road}`).toMatch(block);
    text = text.replace(block, (_, start, end) => `${start}\n${blockOf(road)}\n\n${end}`);
  }
  if (process.env['LIO_WRITE'] === '1') writeFileSync(PAGE, text);
  else expect(written).toBe(text);
});
