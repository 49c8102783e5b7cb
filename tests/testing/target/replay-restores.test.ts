import { describe, expect, it } from 'vitest';
import {
  type RecordedMachine,
  type RecordedRestore,
  replayRestore,
} from '../../../src/testing/target/replay-restores.ts';
import { lioGolden } from '../../support/lio-golden.ts';

const { cases } = lioGolden<{ cases: readonly RecordedRestore[] }>('restore-damaged.json');

/** The machine of the recordings: images below /srv, and two block devices. */
const machine: RecordedMachine = (plugin, { dev }) => {
  const path = String(dev);
  if (plugin === 'block' && !/^\/dev\/nl\d$/.test(path)) return { refusal: 'no block device' };
  if (plugin === 'fileio' && !path.startsWith('/srv/img/')) return { refusal: 'no such directory' };
  return {};
};

/** The recording of these two lost the target port group of its input, which is `{}` there, and the LUNs with it. */
const withoutInput: readonly string[] = ['intact-02', 'onto-existing-noclear'];

/** Where the loader does better than rtslib, as docs/target.md says. */
const better: readonly string[] = [
  'alua-bad-state',
  'alua-no-name',
  'alua-type-bad',
  'alua-unknown-key',
  'dup-target',
  'fabric-unknown',
  'lun-dup-index',
  'lun-index-big',
  'lun-index-str',
  'onto-existing-noclear',
];

describe('replayRestore finds the loader no worse than rtslib', () => {
  it.each(cases.map((each) => [each.name, each] as const))('for %s', (name, recorded) => {
    const outcome = replayRestore(recorded, machine);
    const worse = outcome.worse.filter(
      (line) => !(withoutInput.includes(name) && line.includes('/luns/')),
    );
    expect(worse).toEqual([]);
    expect(outcome.better.length > 0).toBe(better.includes(name));
  });

  it('refuses the file as a whole where rtslib cannot read it', () => {
    const refused = cases.filter((each) => replayRestore(each, machine).refusal !== undefined);
    expect(refused.map(({ name }) => name)).toEqual([
      'empty-array',
      'empty-file',
      'bad-json',
      'truncated',
      'null',
      'string',
      'unknown-plugin-abort',
    ]);
  });
});

describe('replayRestore', () => {
  it('says what is lost, what is other and what is not listed', () => {
    const input = { storage_objects: [{ plugin: 'ramdisk', name: 'a', size: 4096 }] };
    const afterDump = {
      storage_objects: [
        { plugin: 'ramdisk', name: 'a', size: 8192 },
        { plugin: 'pscsi', name: 'b' },
      ],
      fabric_modules: [],
      targets: [],
    };
    const recorded = { name: 'x', input, options: {}, errors: ['one'], afterDump };
    const { worse } = replayRestore(recorded, machine);
    expect(worse).toEqual([
      '/storage_objects/ramdisk a/size: 4096 instead of 8192',
      '/storage_objects/pscsi b: undefined instead of {"plugin":"pscsi","name":"b"}',
      'listed 0 where rtslib listed 1',
    ]);
    const refused = replayRestore({ ...recorded, input: [] }, machine);
    expect(refused.worse).toEqual(['refused where rtslib went on']);
    const silent = replayRestore({ name: 'x', input, options: {}, afterDump: input }, machine);
    expect(silent.worse).toEqual(['saw nothing wrong where rtslib gave up']);
  });
});
