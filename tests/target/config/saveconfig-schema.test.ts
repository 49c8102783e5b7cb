import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  lunSchema,
  saveconfigJsonSchema,
  saveconfigSchema,
  storageObjectSchemas,
} from '../../../src/target/config/saveconfig-schema.ts';

describe('the schemas of saveconfig.json', () => {
  it('fill in what rtslib does', () => {
    const object = { plugin: 'fileio', name: 'f', dev: '/f' };
    expect(z.parse(storageObjectSchemas.fileio, object)).toEqual({
      ...object,
      write_back: true,
      aio: false,
    });
  });

  it('take an index as a number or its digits, up to 65535', () => {
    const lun = (index: unknown) => {
      const { success, data } = z.safeParse(lunSchema, {
        index,
        storage_object: '/backstores/a/b',
      });
      return success ? data.index : 'refused';
    };
    expect([lun(65_535), lun('7'), lun(65_536), lun(-1), lun('x'), lun(1.5)]).toEqual([
      65_535,
      7,
      ...Array(4).fill('refused'),
    ]);
  });

  it('want an object with lists', () => {
    expect(z.safeParse(saveconfigSchema, {}).success).toBe(true);
    expect(z.safeParse(saveconfigSchema, { targets: 1 }).success).toBe(false);
  });

  it('are a JSON Schema that names the keys and allows others', () => {
    const schema = saveconfigJsonSchema();
    expect(schema['title']).toBe('saveconfig.json');
    const text = JSON.stringify(schema);
    for (const key of ['write_back', 'alua_tpgs', 'tpg_lun', 'storage_object', 'discovery']) {
      expect(text.includes(`"${key}"`)).toBe(key !== 'discovery');
    }
    expect(text).not.toContain('"additionalProperties":false');
  });
});
