import { expect, it, vi } from 'vitest';
import { listFiles, root } from './support/source-tree.ts';

const expected: Readonly<Record<string, RegExp>> = {
  'examples/first-io.js': /same bytes: true/,
  'examples/own-backend.js': /read back: 42/,
  'examples/property-test.js': /came back once, in 300 runs/,
};

it('every example is expected to print something', () => {
  expect(listFiles('examples', '.js')).toEqual(Object.keys(expected));
});

it.each(Object.entries(expected))('%s runs', async (path, output) => {
  const said = vi.spyOn(console, 'log').mockReturnValue(undefined);
  try {
    await import(root + path);
    expect(said.mock.calls.join('\n')).toMatch(output);
  } finally {
    said.mockRestore();
  }
});
