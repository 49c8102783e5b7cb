import { describe, expect, it } from 'vitest';
import { ProblemList } from '../../../src/target/config/problems.ts';
import { parseStorageObject } from '../../../src/target/config/storage-object.ts';

function parse(value: unknown, refusal?: string) {
  const problems = new ProblemList();
  const probe = () =>
    refusal === undefined ? { facts: { values: { hw_max_sectors: 64 } } } : { refusal };
  const object = parseStorageObject(value, 'p', { problems, seed: 1, probe });
  return { object, problems: problems.all };
}

describe('StorageObject', () => {
  it('knows its paths and parameters', () => {
    const file = { plugin: 'block', name: 'b', dev: '/dev/x', readonly: true, exclusive: true };
    const object = parse(file).object!;
    expect([object.path, object.key, object.dev]).toEqual([
      '/backstores/block/b',
      'block/b',
      '/dev/x',
    ]);
    expect([object.isReadOnly, object.isBuffered, object.isNullio, object.size]).toEqual([
      true,
      false,
      false,
      undefined,
    ]);
    expect(object.attributes.read('hw_max_sectors')).toBe('64');
    expect(object.save()).toMatchObject({ ...file, write_back: false });
  });

  it('is exported while a LUN is linked', () => {
    const object = parse({ plugin: 'ramdisk', name: 'r', size: 4096, nullio: true }).object!;
    object.link();
    object.link();
    object.unlink();
    expect([object.exports, object.attributes.isExported, object.isNullio]).toEqual([
      1,
      true,
      true,
    ]);
    object.unlink();
    expect([object.exports, object.attributes.isExported]).toEqual([0, false]);
  });

  it('is left out where its device cannot be used', () => {
    const { object, problems } = parse({ plugin: 'fileio', name: 'f', dev: '/x' }, 'no such file');
    expect(object).toBeUndefined();
    expect(problems).toEqual([
      { severity: 'error', path: 'p.dev', message: "no such file; 'f' left out" },
    ]);
  });

  it.each([
    ['x', 'p'],
    [{ plugin: 'ramdisk', size: 4096 }, 'p'],
    [{ plugin: 'x', name: 'y' }, 'p.plugin'],
    [{ plugin: 'ramdisk', name: 'a b', size: 4096 }, 'p.name'],
    [{ plugin: 'ramdisk', name: 'a', size: 0 }, 'p.size'],
    [{ plugin: 'user', name: 'a', size: 1 }, 'p.config'],
  ])('is left out where it is %j', (value, path) => {
    expect(parse(value).problems.map((each) => each.path)).toEqual([path]);
  });

  it('passes SCSI through as it is', () => {
    const file = { plugin: 'pscsi', name: 'ps', dev: '/dev/sda' };
    const { object, problems } = parse(file);
    expect(problems.map(({ severity }) => severity)).toEqual(['note']);
    expect(object!.save()).toEqual({
      ...file,
      alua_tpgs: [],
      attributes: { alua_support: 0, emulate_pr: 1, pgr_support: 0 },
    });
  });
});
