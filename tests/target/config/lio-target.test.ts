import { describe, expect, it } from 'vitest';
import { LioTarget } from '../../../src/target/config/lio-target.ts';
import { loadSaveconfig } from '../../../src/target/config/saveconfig.ts';

describe('LioTarget', () => {
  it('finds a storage object by its name where only one has it', () => {
    const { target } = loadSaveconfig({
      storage_objects: [
        { plugin: 'ramdisk', name: 'a', size: 4096 },
        { plugin: 'fileio', name: 'a', dev: '/a', size: 4096 },
        { plugin: 'fileio', name: 'b', dev: '/b', size: 4096 },
      ],
    });
    expect(target.storageObject('b')!.key).toBe('fileio/b');
    expect(target.storageObject('a')).toBeUndefined();
    expect(target.storageObject('fileio/a')!.key).toBe('fileio/a');
    expect(new LioTarget().storageObject('a')).toBeUndefined();
  });
});
