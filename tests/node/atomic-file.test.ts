import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REPLACE_STEPS, replaceFile } from '../../src/node/atomic-file.ts';
import { root } from '../support/source-tree.ts';

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  path = join(directory, 'saveconfig.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('replaceFile', () => {
  it('makes a file that its owner alone can read, and keeps the permissions of one that is there', () => {
    replaceFile(path, 'one');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['one', 0o600]);
    writeFileSync(join(directory, 'b'), 'old', { mode: 0o640 });
    replaceFile(join(directory, 'b'), 'new');
    expect(statSync(join(directory, 'b')).mode & 0o777).toBe(0o640);
    expect(readdirSync(directory).sort()).toEqual(['b', 'saveconfig.json']);
  });

  it.each(Array.from({ length: REPLACE_STEPS }, (_, step) => step))(
    'leaves the old file or the new one when it is cut short before step %i',
    (step) => {
      replaceFile(path, 'old');
      const cut = (at: number): void => {
        if (at === step) throw new Error('cut');
      };
      expect(() => replaceFile(path, 'new and longer', cut)).toThrow('cut');
      expect(readFileSync(path, 'utf8')).toBe(step < 4 ? 'old' : 'new and longer');
      replaceFile(path, 'after');
      expect(readFileSync(path, 'utf8')).toBe('after');
      expect(readdirSync(directory)).toEqual(['saveconfig.json']);
    },
  );

  it('says what the system says where it cannot write', () => {
    expect(() => replaceFile(join(directory, 'no', 'x'), 'a')).toThrow(/ENOENT/);
    expect(existsSync(join(directory, 'no'))).toBe(false);
  });

  it('leaves a whole file when the process is killed, whenever that is', async () => {
    for (const ms of [0, 3, 11, 17]) {
      const script = ['tests/support/run-ts.js', 'tests/node/replace-forever.ts', path];
      const child = spawn(process.execPath, script, {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await wait(ms);
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(`${root}.tsbuild/run/replace-forever.${child.pid}.mjs`, { force: true });
      const { i, end } = JSON.parse(readFileSync(path, 'utf8')) as { i: number; end: number };
      expect(end).toBe(i);
    }
  }, 30_000);
});
