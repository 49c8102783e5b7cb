import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HELP } from '../../../src/node/cli/arguments.ts';
import { main } from '../../../src/node/cli/main.ts';
import { root } from '../../support/source-tree.ts';
import { FakeIo, invoke } from './fake-cli.ts';

describe('main', () => {
  it('prints help, keys and the version of the package', async () => {
    expect((await invoke(['--help'])).io.stdout).toBe(HELP);
    expect((await invoke(['keys'])).io.stdout).toMatch(/^name\n/);
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    const { code, io } = await invoke(['--version']);
    expect([code, io.stdout, io.stderr]).toEqual([0, `${version}\n`, '']);
  });

  it('says on standard error what was wrong, and ends with 2', async () => {
    const { code, io } = await invoke(['walk']);
    expect([code, io.stdout]).toEqual([2, '']);
    expect(io.stderr).toBe(
      "lio-nvme: 'walk' is no command; expected run FILE.fio or keys\nTry lio-nvme --help.\n",
    );
  });

  it('lets a defect through', async () => {
    const fails = (): Promise<never> => Promise.reject(new TypeError('a defect'));
    await expect(main(new FakeIo(), [], fails)).rejects.toThrow('a defect');
  });
});
