import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { type FioIologEntry, formatFioIolog, parseFioIolog } from '../../src/block/fio-iolog.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { textFixture } from './blktrace-fixtures.ts';

describe('logs of the real fio', () => {
  it.each([
    ['iolog-v2-randrw.log', 2],
    ['iolog-v3-randrw.log', 3],
    ['iolog-v3-trim-twofiles.log', 3],
  ] as const)('%s comes back byte for byte', (name, version) => {
    const text = textFixture(name);
    const log = parseFioIolog(text);
    expect([log.version, log.fault]).toEqual([version, undefined]);
    expect(log.entries.length).toBeGreaterThan(7);
    expect(formatFioIolog(log)).toBe(text);
  });

  it('have times only in version 3', () => {
    expect(parseFioIolog(textFixture('iolog-v3-trim-twofiles.log')).entries[3]).toEqual({
      timeUs: 2763,
      file: '/dev/nullb0',
      action: 'trim',
      offset: 1_814_528,
      length: 4096,
    });
    expect(parseFioIolog(textFixture('iolog-v2-randrw.log')).entries[2]).toMatchObject({
      timeUs: 0,
      action: 'read',
    });
  });
});

it.each([
  ['', 'line 1: no header of version 2 or 3'],
  ['fio version 4 iolog\n', 'line 1: no header of version 2 or 3'],
  ['fio version 3 iolog\n/dev/a add\n', 'line 2: no time'],
  ['fio version 3 iolog\n1 /dev/a eat 0 1\n', 'line 2: no action'],
  ['fio version 3 iolog\n1 /dev/a wait 5 0\n', 'line 2: wait is of version 2'],
  ['fio version 2 iolog\n/dev/a read 0\n', 'line 2: no offset and length'],
  ['fio version 2 iolog\n/dev/a read -1 5\n', 'line 2: no offset and length'],
  ['fio version 2 iolog\n/dev/a read 9007199254740992 5\n', 'line 2: no offset and length'],
  ['fio version 2 iolog\n/dev/a open 0 5\n', 'line 2: open has no range'],
])('%j stops with %j', (text, fault) => {
  expect(parseFioIolog(text).fault).toBe(fault);
});

it('refuses to write what could not be read', () => {
  const entry: FioIologEntry = { timeUs: 0, file: 'a b', action: 'add', offset: 0, length: 0 };
  expect(() => formatFioIolog({ version: 3, entries: [entry] })).toThrow(ConfigError);
  const wait: FioIologEntry = { timeUs: 0, file: 'a', action: 'wait', offset: 9, length: 0 };
  expect(() => formatFioIolog({ version: 3, entries: [wait] })).toThrow(/entries\[0\]/);
  expect(formatFioIolog({ version: 2, entries: [wait] })).toContain('a wait 9 0');
});

const action = fc.constantFrom('add', 'open', 'close', 'read', 'write', 'sync', 'datasync', 'trim');
const entries = fc.array(
  fc.record({
    timeUs: fc.nat(),
    file: fc.stringMatching(/^[a-z/]{1,9}$/),
    action: action as fc.Arbitrary<FioIologEntry['action']>,
    offset: fc.maxSafeNat(),
    length: fc.nat(),
  }),
);

it('what is written is read back the same, in both versions', () => {
  checkProperty(
    fc.property(fc.constantFrom(2, 3), entries, (version, all) => {
      const kept = all.map((entry) => {
        const isPlain = ['add', 'open', 'close'].includes(entry.action);
        const range = isPlain ? { offset: 0, length: 0 } : {};
        return { ...entry, ...range, timeUs: version === 3 ? entry.timeUs : 0 };
      });
      const back = parseFioIolog(formatFioIolog({ version, entries: kept }));
      expect(back).toEqual({ version, entries: kept, fault: undefined });
    }),
    runs(100),
  );
});

it('any text is read without a throw', () => {
  checkProperty(
    fc.property(
      fc.constantFrom('', 'fio version 2 iolog\n', 'fio version 3 iolog\n'),
      fc.string(),
      (head, rest) => {
        expect(parseFioIolog(head + rest).entries.length).toBeLessThanOrEqual(rest.length);
      },
    ),
    runs(100),
  );
});
