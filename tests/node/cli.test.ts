import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFiles, root } from '../support/source-tree.ts';
import { buildProgram, ended, type Program } from './cli/built-program.ts';

let directory = '';
let program: Program;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  program = await buildProgram('cli');
});

afterAll(() => {
  program.remove();
  rmSync(directory, { recursive: true });
});

function job(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const hashOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

describe('the program', () => {
  it('shows every backend without arguments', async () => {
    const { code, stdout, stderr } = await program.run();
    expect([code, stderr]).toEqual([0, '']);
    for (const title of ['rd_mcp', 'fileio', 'iblock, sata', 'iblock, scsi', 'iblock, nvme']) {
      expect(stdout).toContain(`=== vhost-nvme on ${title} ===`);
    }
    expect(
      stdout.match(/The path of one write of 4 KiB:\n +\+0 ns {2}workload +issue +0 8\n/g),
    ).toHaveLength(5);
    expect(stdout.match(/ns {2}vhost +kick/g)?.length).toBeGreaterThanOrEqual(5);
    expect(stdout.match(/No errors\./g)).toHaveLength(5);
    expect(stdout.match(/verify: blocks=6\d\d, errors=0/g)).toHaveLength(5);
  });

  it('runs a job on the storage object of a configuration file', async () => {
    const dev = join(directory, 'f0.img');
    writeFileSync(dev, new Uint8Array(1 << 20));
    const attributes = { emulate_write_cache: 1, block_size: 4096, zzz: 1 };
    const object = { plugin: 'fileio', name: 'f0', dev, size: 1 << 20, attributes };
    const config = job('saveconfig.json', JSON.stringify({ storage_objects: [object] }));
    const file = job('config.fio', '[a]\nrw=write\nbs=4k\nverify=crc32c\n');
    const before = hashOf(dev);
    const args = ['run', file, '--config', config, '--storage-object', 'f0'];
    const { code, stdout, stderr } = await program.run(...args);
    expect([code, stdout.includes('No errors.')]).toEqual([0, true]);
    expect(stderr).toBe(
      `warning: ${config}: storage_objects[0].attributes.zzz: there is no such attribute; left out\n`,
    );
    expect(hashOf(dev)).not.toBe(before);
  });

  it('says what is wrong with a job file, ends with 2, and has made nothing', async () => {
    const file = job('bad.fio', '[a]\nrw=write\nbs=banana\n');
    const [disk, trace] = [join(directory, 'never.img'), join(directory, 'never.jsonl')];
    const { code, stdout, stderr } = await program.run(
      'run',
      file,
      '--backend',
      `fileio:${disk}:1MiB`,
      '--trace',
      trace,
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^lio-nvme: .*bad\.fio:3: bs: 'banana' is not accepted; expected a size such as 512, 4k/,
    );
    expect([existsSync(disk), existsSync(trace)]).toEqual([false, false]);
  });

  it('says what is wrong with its arguments and ends with 2', async () => {
    const { code, stdout, stderr } = await program.run('run', 'x.fio', '--road', 'mountain');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      "--road 'mountain' is not accepted; expected one of direct, vhost-nvme",
    );
  });

  it('prints its version from the package', async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    expect(await program.run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('ends with 1 when what was read back is not what was written', async () => {
    const file = job('verify.fio', '[a]\nrw=write\nsize=64k\nverify=crc32c\n');
    const { code, stdout } = await program.run('run', file, '--backend', 'nullio:1MiB');
    expect(code).toBe(1);
    expect(stdout).toContain('verify: blocks=16, errors=16');
    expect(stdout).toContain('at offset 0, length 4096');
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const child = spawn(process.execPath, [program.path, 'keys']);
    child.stdout.destroy();
    const { code, stderr } = await ended(child);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('ends with partial results and 130 when it is interrupted', async () => {
    const file = job('long.fio', '[a]\nrw=randread\niodepth=8\nloops=100000\nbs=512\n');
    const child = spawn(process.execPath, [
      program.path,
      'run',
      file,
      '--backend',
      'rd_mcp:1MiB',
      '--trace',
      join(directory, 'long.jsonl'),
    ]);
    // Once a trace is there, jobs are running.
    const trace = join(directory, 'long.jsonl');
    const timer = setInterval(() => {
      if (!existsSync(trace) || statSync(trace).size === 0) return;
      clearInterval(timer);
      child.kill('SIGINT');
    }, 50);
    const { code, stdout } = await ended(child);
    clearInterval(timer);
    expect(code).toBe(130);
    expect(stdout).toContain('Interrupted: these are the results up to then.');
    expect(stdout).toMatch(/issued rwts: total=\d+,0,0,0/);
  });
});

describe('a trace', () => {
  it('is the same file for the same seed, on every road and backend, and another one for another seed', async () => {
    const file = job(
      'trace.fio',
      '[a]\nrw=randrw\niodepth=8\nsize=256k\nverify=crc32c\nfsync=8\n[b]\nrw=randread\nnumjobs=2\n',
    );
    for (const [road, backend] of [
      ['vhost-nvme', 'rd_mcp:1MiB'],
      ['direct', 'iblock:sata:1MiB'],
    ] as const) {
      const trace = async (name: string, seed: string): Promise<string> => {
        const path = join(directory, name);
        const { code, stderr } = await program.run(
          'run',
          file,
          '--road',
          road,
          '--backend',
          backend,
          '--seed',
          seed,
          '--trace',
          path,
        );
        expect([code, stderr]).toEqual([0, '']);
        return hashOf(path);
      };
      const first = await trace('first', '1');
      expect(await trace('again', '1')).toBe(first);
      expect(await trace('other', '2')).not.toBe(first);
    }
    const lines = readFileSync(join(directory, 'first'), 'utf8').trimEnd().split('\n');
    for (const line of lines) {
      expect(Object.keys(JSON.parse(line))).toEqual(['t', 'layer', 'event', 'io', 'a', 'b']);
    }
  });
});

describe('a file under the guest', () => {
  it('holds what was written through the guest, for every other process to see', async () => {
    const disk = join(directory, 'disk.img');
    const file = job(
      'pattern.fio',
      '[a]\nrw=randwrite\nbs=4k\noffset=64k\nsize=128k\nverify=pattern\nverify_pattern="lio"%o\n',
    );
    const { code, stdout } = await program.run('run', file, '--backend', `fileio:${disk}:1MiB`);
    expect([code, stdout]).toEqual([0, expect.stringContaining('verify: blocks=32, errors=0')]);
    const script = `
      const bytes = require('node:fs').readFileSync(process.argv[1]);
      let right = bytes.length === 1 << 20;
      for (let at = 0; at < bytes.length; at += 4096) {
        const block = bytes.subarray(at, at + 4096);
        const inside = at >= 65536 && at < 196608;
        const first = inside ? 'lio' : '\\0\\0\\0';
        right &&= block.toString('latin1', 0, 3) === first && block.readUInt32LE(3) === (inside ? at : 0);
      }
      console.log(right);`;
    const reader = await ended(spawn(process.execPath, ['-e', script, disk]));
    expect(reader).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
  });

  it('is used with its own size, and verified by a later run', async () => {
    const disk = join(directory, 'again.img');
    const write = job('write.fio', '[w]\nrw=write\nsize=256k\nverify=crc32c\ndo_verify=0\n');
    const check = job('check.fio', '[r]\nrw=randread\nsize=256k\nverify=crc32c\n');
    expect((await program.run('run', write, '--backend', `fileio:${disk}:512KiB`)).code).toBe(0);
    expect(
      (await program.run('run', check, '--backend', `fileio:${disk}`, '--road', 'direct')).code,
    ).toBe(0);
    const bytes = readFileSync(disk);
    expect(bytes.length).toBe(512 * 1024);
    bytes[5000]! ^= 1;
    writeFileSync(disk, bytes);
    const { code, stdout } = await program.run(
      'run',
      check,
      '--backend',
      `fileio:${disk}`,
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout).jobs[0]).toMatchObject({
      verify: { errors: 1 },
      messages: ['verify: wrong checksum at offset 4096, length 4096'],
    });
  });
});

describe('the job files of the examples', () => {
  it.each(listFiles('examples/jobs', '.fio'))('%s runs without errors', async (path) => {
    const { code, stdout } = await program.run('run', root + path);
    expect([code, stdout]).toEqual([0, expect.stringContaining('No errors.')]);
  });
});
