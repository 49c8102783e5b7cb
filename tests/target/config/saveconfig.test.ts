import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/base/assert.ts';
import {
  configText,
  loadSaveconfig,
  parseJson,
  saveSaveconfig,
} from '../../../src/target/config/saveconfig.ts';
import { compareConfigs } from '../../../src/testing/target/compare-configs.ts';
import { lioConfigs, lioGolden, lioText } from '../../support/lio-golden.ts';
import { checkProperty, runs } from '../../support/runs.ts';

const ramdisk = { plugin: 'ramdisk', name: 'r', size: 8192 };
const fileio = { plugin: 'fileio', name: 'f', dev: '/srv/f', size: 8192 };

describe('a recorded saveconfig.json', () => {
  it.each(lioConfigs)('%s is saved as it was loaded', (name) => {
    const file = lioGolden<Record<string, unknown>>(name);
    const { target, problems } = loadSaveconfig(lioText(name));
    expect(compareConfigs(saveSaveconfig(target), file)).toEqual([]);
    // Of a file with larger blocks the kernel refuses its own number of sectors.
    const lost = problems.filter(
      ({ severity, path }) => severity !== 'note' && !/optimal_sectors$/.test(path),
    );
    expect(lost).toEqual([]);
    const text = configText(saveSaveconfig(target));
    expect(configText(saveSaveconfig(loadSaveconfig(text).target))).toBe(text);
  });

  it('is written as targetcli writes it: sorted keys, two spaces', () => {
    const text = lioText('cfg/00-empty.json');
    expect(configText(JSON.parse(text)).trimEnd()).toBe(text.trimEnd());
  });
});

describe('loadSaveconfig', () => {
  it('gives missing keys the defaults of the kernel', () => {
    const { target, problems } = loadSaveconfig({ storage_objects: [fileio] });
    expect(problems).toEqual([]);
    const object = target.storageObject('f')!;
    expect(object.isBuffered).toBe(true);
    expect(object.attributes.read('emulate_write_cache')).toBe('1');
    expect(object.parameters['wwn']).toMatch(/^[0-9a-f-]{36}$/);
    expect([...object.aluaGroups.keys()]).toEqual(['default_tg_pt_gp']);
  });

  it('keeps keys that it does not know, everywhere', () => {
    const file = {
      zzz: [1],
      storage_objects: [{ ...fileio, write_back: false, odd: { a: 1 } }],
      fabric_modules: [{ name: 'iscsi', odd: 2 }],
      targets: [
        {
          fabric: 'vhost',
          wwn: 'naa.5001405abd75f6bd',
          odd: 3,
          tpgs: [
            {
              tag: 1,
              odd: 4,
              luns: [{ index: 0, storage_object: '/backstores/fileio/f', odd: 5 }],
              node_acls: [
                { node_wwn: 'x', odd: 6, mapped_luns: [{ index: 0, tpg_lun: 0, odd: 7 }] },
              ],
            },
          ],
        },
      ],
    };
    const saved = configText(saveSaveconfig(loadSaveconfig(file).target));
    for (const kept of [
      '"zzz"',
      '"odd": 2',
      '"odd": 3',
      '"odd": 4',
      '"odd": 5',
      '"odd": 6',
      '"odd": 7',
      '"a": 1',
    ]) {
      expect(saved).toContain(kept);
    }
  });

  it('lists what it cannot set with its path, and restores the rest', () => {
    const attributes = { block_size: 1000, emulate_tpu: 1, zzz: 1 };
    const bad = { plugin: 'fileio', name: 'g', dev: 7 };
    const { target, problems } = loadSaveconfig({
      storage_objects: [{ ...fileio, attributes }, bad, ramdisk],
    });
    expect([...target.storageObjects.keys()]).toEqual(['fileio/f', 'ramdisk/r']);
    expect(target.storageObject('f')!.attributes.read('emulate_tpu')).toBe('1');
    expect(problems.map(({ severity, path }) => `${severity} ${path}`)).toEqual([
      'warning storage_objects[0].attributes.block_size',
      'warning storage_objects[0].attributes.zzz',
      'error storage_objects[1].dev',
    ]);
  });

  it('says that iSCSI and SCSI pass-through are kept and not modelled', () => {
    const notes = ['cfg/05-iscsi-chap.json', 'cfg/07-pscsi-loopback.json'].flatMap(
      (name) => loadSaveconfig(lioText(name)).problems,
    );
    expect(notes.filter(({ severity }) => severity === 'note').length).toBeGreaterThan(2);
  });

  it('restores one object alone, or one target with what its LUNs need', () => {
    const text = lioText('cfg/04-block-ramdisk-vhost.json');
    const one = loadSaveconfig(text, { storageObject: 'ramdisk/rd0' }).target;
    expect([...one.storageObjects.keys(), ...one.targets.keys()]).toEqual(['ramdisk/rd0']);
    const target = 'vhost/naa.5001405bbbbbbbb1';
    const some = loadSaveconfig(text, { target, onto: one });
    expect([...some.target.storageObjects.keys()].sort()).toEqual(['block/blk0', 'ramdisk/rd0']);
    expect([...some.target.targets.keys()]).toEqual([target]);
    expect(some.problems.map(({ path }) => path)).toEqual(['storage_objects[1]']);
  });

  it.each([
    ['', '(file)'],
    ['{"storage_objects": [,', '(file)'],
    ['[]', '(file)'],
    ['null', '(file)'],
    ['{"storage_objects": 3}', 'storage_objects'],
    ['{"targets": {}}', 'targets'],
  ])('refuses %j with the path', (text, path) => {
    let error: unknown;
    try {
      loadSaveconfig(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).path).toBe(path);
  });

  it('stops at the first problem where it is told to', () => {
    const file = { storage_objects: [{ ...fileio, attributes: { block_size: 1 } }] };
    expect(() => loadSaveconfig(file, { abortOnError: true })).toThrow(/attributes\.block_size/);
    const unknown = { storage_objects: [{ plugin: 'x', name: 'y' }] };
    expect(() => loadSaveconfig(unknown, { abortOnError: true })).toThrow(
      /storage_objects\[0\]\.plugin/,
    );
  });

  it('finds nothing behind names that every object has', () => {
    const tpgs = [{ attributes: { constructor: 1, toString: 0 } }];
    const targets = ['iscsi', 'constructor'].map((fabric) => ({ fabric, wwn: 'x', tpgs }));
    const alua_tpgs = [{ name: 'a', valueOf: 1 }];
    const { problems } = loadSaveconfig({
      storage_objects: [{ ...ramdisk, alua_tpgs, attributes: { hasOwnProperty: 1 } }],
      targets,
      fabric_modules: [{ name: 'toString' }],
    });
    const found = problems.filter(({ severity }) => severity !== 'note').map(({ path }) => path);
    expect(found).toEqual([
      'storage_objects[0].attributes.hasOwnProperty',
      'targets[0].tpgs[0].attributes.constructor',
      'targets[0].tpgs[0].attributes.toString',
      'targets[1].fabric',
      'fabric_modules[0].name',
    ]);
  });

  it('lists discovery of a fabric that there is not', () => {
    const { problems } = loadSaveconfig({ fabric_modules: [{ name: 'zzz' }, 3] });
    expect(problems.map(({ path }) => path)).toEqual([
      'fabric_modules[0].name',
      'fabric_modules[1]',
    ]);
  });

  it('takes any JSON without a throw that is not a ConfigError, and what it saves loads without a problem', () => {
    const word = fc.constantFrom(
      'f',
      'r',
      'ramdisk',
      'fileio',
      'vhost',
      'naa.5001405abd75f6bd',
      '/srv/f',
      'x y',
      '0',
    );
    const key = fc.constantFrom(
      'storage_objects',
      'targets',
      'plugin',
      'name',
      'size',
      'dev',
      'attributes',
      'alua_tpgs',
      'fabric',
      'wwn',
      'tpgs',
      'tag',
      'luns',
      'index',
      'storage_object',
      'block_size',
      'node_acls',
      'portals',
      '__proto__',
      'constructor',
    );
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        word,
        fc.integer({ min: -2, max: 70_000 }),
        fc.constantFrom(null, true, 4096),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(key, tie('json'), { maxKeys: 6 }),
      ),
    }));
    const file = fc.record(
      {
        storage_objects: fc.array(fc.oneof(fc.constant(ramdisk), fc.constant(fileio), json), {
          maxLength: 4,
        }),
        targets: fc.array(
          fc.oneof(
            json,
            fc.record({
              fabric: fc.constantFrom('vhost', 'iscsi', 'zzz'),
              wwn: word,
              tpgs: fc.array(
                fc.oneof(json, fc.record({ tag: json, luns: json, attributes: json })),
              ),
            }),
          ),
          { maxLength: 3 },
        ),
        fabric_modules: json,
      },
      { requiredKeys: [] },
    );
    checkProperty(
      fc.property(fc.oneof(file, json), (input) => {
        let saved: unknown;
        try {
          saved = saveSaveconfig(loadSaveconfig(input).target);
        } catch (error) {
          if (error instanceof ConfigError) return;
          throw error;
        }
        const again = loadSaveconfig(JSON.parse(configText(saved)));
        expect(again.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(configText(saveSaveconfig(again.target))).toBe(configText(saved));
      }),
      runs(300, 4_000),
    );
  });
});

describe('parseJson', () => {
  it('says where a text ends to be JSON', () => {
    expect(() => parseJson(' \n')).toThrow(/empty text/);
    expect(() => parseJson('{"a": }')).toThrow(/JSON \(/);
  });
});
