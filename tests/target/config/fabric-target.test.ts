import { describe, expect, it } from 'vitest';
import { aliasOf, usualGroup } from '../../../src/target/config/fabric-target.ts';
import { loadSaveconfig } from '../../../src/target/config/saveconfig.ts';

describe('usualGroup', () => {
  it('is none where there is no ALUA', () => {
    const { target } = loadSaveconfig({
      storage_objects: [
        { plugin: 'ramdisk', name: 'r', size: 4096 },
        { plugin: 'pscsi', name: 'p', dev: '/dev/sda' },
      ],
    });
    expect(usualGroup(target.storageObject('p')!)).toBeNull();
    expect(usualGroup(target.storageObject('r')!)).toBe('default_tg_pt_gp');
  });
});

describe('aliasOf', () => {
  it('is ten digits that the path and the seed decide', () => {
    const names = [aliasOf(0, 'a'), aliasOf(0, 'b'), aliasOf(1, 'a'), aliasOf(0, 'a')];
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{10}$/);
  });
});
