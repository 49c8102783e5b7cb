import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSaveconfig, writeSaveconfig } from '../../src/node/config-file.ts';
import { compareConfigs } from '../../src/testing/target/compare-configs.ts';
import { lioGolden, lioText } from '../support/lio-golden.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('a saveconfig.json on disk', () => {
  it('is read, and written in the place of the old one', () => {
    const [from, to] = [join(directory, 'a.json'), join(directory, 'b.json')];
    writeFileSync(from, lioText('cfg/05-iscsi-chap.json'));
    writeSaveconfig(to, readSaveconfig(from).target);
    const saved = readSaveconfig(to, { storageObject: 'fileio/f0' });
    expect([...saved.target.storageObjects.keys()]).toEqual(['fileio/f0']);
    expect(
      compareConfigs(
        readSaveconfig(to).target.fabricModules,
        lioGolden<{ fabric_modules: unknown }>('cfg/05-iscsi-chap.json').fabric_modules,
      ),
    ).toEqual([]);
  });
});
