import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBackend } from '../../../src/node/cli/backend-choice.ts';
import { UsageError } from '../../../src/node/cli/usage-error.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('parseBackend', () => {
  it.each([
    ['rd_mcp:64MiB', { type: 'rd_mcp', size: 64 << 20 }],
    ['rd_mcp:4096', { type: 'rd_mcp', size: 4096 }],
    ['nullio:1GiB', { type: 'nullio', size: 1 << 30 }],
    ['iblock:sata:8M', { type: 'iblock', disk: 'sata', size: 8 << 20 }],
    ['iblock:scsi:8M', { type: 'iblock', disk: 'scsi', size: 8 << 20 }],
    ['iblock:nvme:8M', { type: 'iblock', disk: 'nvme', size: 8 << 20 }],
    ['iblock:null_blk:8M', { type: 'iblock', disk: 'null_blk', size: 8 << 20 }],
  ])('reads %s', (text, options) => {
    expect(parseBackend(text)).toEqual({ text, options, size: options.size, path: undefined });
  });

  it('reads a path, with a size or with that of the file, and makes nothing', () => {
    const path = join(directory, 'a:b.img');
    expect(parseBackend(`fileio:${path}:1MiB`)).toMatchObject({
      path,
      size: 1 << 20,
      options: { type: 'fileio' },
    });
    expect(existsSync(path)).toBe(false);
    expect(() => parseBackend(`fileio:${path}`)).toThrow(`there is no file ${path}`);
    writeFileSync(path, new Uint8Array(8192));
    expect(parseBackend(`fileio:${path}`)).toMatchObject({ path, size: 8192 });
    expect(parseBackend(`fileio:${path}:8192`)).toMatchObject({ path, size: 8192 });
    expect(() => parseBackend(`fileio:${path}:1MiB`)).toThrow(
      'has 8192 bytes, and is left as it is',
    );
    writeFileSync(path, new Uint8Array(8000));
    expect(() => parseBackend(`fileio:${path}`)).toThrow('8000 bytes are not accepted');
    expect(() => parseBackend(`fileio:${directory}`)).toThrow('is no regular file');
    expect(() => parseBackend(`fileio:${directory}/no/where:1MiB`)).toThrow('ENOENT');
  });

  it.each([
    '',
    'rd_mcp',
    'rd_mcp:',
    'rd_mcp:lots',
    'rd_mcp:-1',
    'iblock',
    'iblock:8M',
    'iblock:tape:8M',
    'iblock:nvme',
    'iblock:nvme:',
    'fileio',
    'fileio:',
    'fileio::8M',
    'sata:8M',
  ])('refuses %j and says what it accepts', (text) => {
    expect(() => parseBackend(text)).toThrow(UsageError);
    expect(() => parseBackend(text)).toThrow(
      'expected rd_mcp:SIZE, nullio:SIZE, fileio:PATH[:SIZE] or iblock:',
    );
  });

  it.each(['rd_mcp:0', 'rd_mcp:512', 'rd_mcp:5000', 'iblock:nvme:1000'])(
    'refuses the size of %s',
    (text) => {
      expect(() => parseBackend(text)).toThrow('expected a multiple of 4096');
    },
  );
});
