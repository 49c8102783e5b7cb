import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../support/source-tree.ts';
import { applyPatch } from './mutant.ts';
import { loadMutants } from './registry.ts';

describe('each mutant', async () => {
  const mutants = await loadMutants();

  it.each([...mutants])('%s still applies, and its tests exist', (_, mutant) => {
    expect(mutant.name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(mutant.note).not.toBe('');
    expect(mutant.kills.filter((test) => !existsSync(root + test))).toEqual([]);
    expect(mutant.kills).not.toHaveLength(0);
    applyPatch(mutant, readFileSync(root + mutant.file, 'utf8'));
  });
});

describe('a patch', () => {
  const file = 'src/base/a.ts';

  it('replaces its text', () => {
    expect(applyPatch({ file, find: 'a < b', replace: 'a <= b' }, 'if (a < b);')).toBe(
      'if (a <= b);',
    );
  });

  it('is refused when its text is gone or occurs more than once', () => {
    expect(() => applyPatch({ file, find: 'x', replace: 'y' }, 'a')).toThrow(/occurs 0 times/);
    expect(() => applyPatch({ file, find: 'x', replace: 'y' }, 'x x')).toThrow(/occurs 2 times/);
  });

  it('is refused when it changes nothing', () => {
    expect(() => applyPatch({ file, find: 'x', replace: 'x' }, 'x')).toThrow(/changes nothing/);
  });
});
