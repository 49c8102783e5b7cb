import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/base/assert.ts';
import { configuredBackend } from '../../../src/node/cli/configured-backend.ts';
import { UsageError } from '../../../src/node/cli/usage-error.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const choose = (storageObject: string, ...storage_objects: unknown[]) =>
  configuredBackend({ file: 'c.json', storageObject }, JSON.stringify({ storage_objects }));

describe('configuredBackend', () => {
  it('gives a FILEIO object its file, mode, block and attributes', () => {
    const dev = join(directory, 'f0.img');
    writeFileSync(dev, '');
    truncateSync(dev, 1 << 20);
    const attributes = { block_size: 4096, emulate_fua_write: 0, optimal_sectors: 'x' };
    const { choice, problems } = choose('f0', { plugin: 'fileio', name: 'f0', dev, attributes });
    expect(choice).toMatchObject({
      size: 1 << 20,
      options: { type: 'fileio', bufferedIo: true },
      path: dev,
      configured: { blockBytes: 4096, attributes: { fuaWrite: false, writeCache: true } },
    });
    expect(problems.map(({ path }) => path)).toEqual([
      'storage_objects[0].attributes.optimal_sectors',
    ]);
  });

  it('gives a RAM disk its size, with nullio or without', () => {
    const rd = { plugin: 'ramdisk', name: 'r', size: 8192 };
    expect(choose('ramdisk/r', rd).choice.options).toEqual({ type: 'rd_mcp', size: 8192 });
    expect(choose('r', { ...rd, nullio: true }).choice.options.type).toBe('nullio');
  });

  it.each([
    ['what is not there', 'x', [], /no storage object 'x'/],
    ['a name that two have', 'a', ['ramdisk', 'user'], /several/],
    ['a user object', 'user/a', ['user'], /cannot be opened here/],
  ])('refuses %s', (_name, name, plugins, message) => {
    const all = plugins.map((plugin) => ({ plugin, name: 'a', size: 4096, config: 'x/y' }));
    expect(() => choose(name, ...all)).toThrow(UsageError);
    expect(() => choose(name, ...all)).toThrow(message);
  });

  it('refuses sizes and blocks that are not modelled', () => {
    const rd = { plugin: 'ramdisk', name: 'r', size: 512 };
    expect(() => choose('r', rd)).toThrow(/multiple of 4096/);
    const odd = { ...rd, size: 4096, attributes: { block_size: 2048 } };
    expect(() => choose('r', odd)).toThrow(/2048 bytes are not modelled/);
    const missing = { plugin: 'fileio', name: 'f', dev: join(directory, 'no.img') };
    expect(() => choose('f', missing)).toThrow(/there is no file/);
  });

  it('refuses a text that is no configuration', () => {
    expect(() => configuredBackend({ file: 'c', storageObject: 'x' }, '')).toThrow(ConfigError);
  });
});
