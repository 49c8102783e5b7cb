import { describe, expect, it } from 'vitest';
import { IGNORED_KEYS, JOB_KEYS } from '../../src/workload/job-keys.ts';

const names = Object.entries(JOB_KEYS).flatMap(([name, key]) => [name, ...key.aliases]);

describe('the table of keys', () => {
  it('names each key once, ignored ones included', () => {
    const all = [...names, ...IGNORED_KEYS];
    expect(new Set(all).size).toBe(all.length);
    expect([...IGNORED_KEYS]).toEqual([...IGNORED_KEYS].sort());
  });

  it.each(Object.entries(JOB_KEYS))(
    '%s has a sentence and a fallback that its type could give',
    (_, key) => {
      expect(key.doc).toMatch(/^[A-Z].*\.$/);
      const { fallback, type } = key;
      if (fallback === undefined) return;
      const kinds = type.samples.map((sample) => typeof type.parse(sample));
      expect(kinds).toContain(typeof fallback);
    },
  );

  it.each(['filename', 'ioengine', 'direct', 'thread', 'invalidate', 'buffered', 'sync'])(
    'ignores %s',
    (name) => {
      expect(IGNORED_KEYS).toContain(name);
    },
  );
});
