import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../../src/node/cli/run-command.ts';
import { FakeIo, invoke } from './fake-cli.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function job(text: string): string {
  const path = join(directory, 'job.fio');
  writeFileSync(path, text);
  return path;
}

const SMALL = ['--backend', 'rd_mcp:1MiB'];

describe('run', () => {
  it('prints the results and the road, and names what it ignores', async () => {
    const path = job('[a]\nrw=write\nverify=crc32c\nioengine=libaio\n');
    const { code, io, opened } = await invoke(['run', path, ...SMALL, '--seed', '5']);
    expect(code).toBe(ExitCode.ok);
    expect(io.stdout).toContain('a: (groupid=0, jobs=1): err=0: rw=write, bs=4096B, iodepth=1');
    expect(io.stdout).toMatch(/No errors\.\n\n\(the road\)\n$/);
    expect(io.stderr).toBe(`note: ${path}: ignored, as they say how fio works: ioengine\n`);
    expect(opened).toMatchObject({
      choices: [{ seed: 5, road: 'vhost-nvme' }],
      needs: [{ bufferBytes: 4096, jobs: 1 }],
      closed: 1,
    });
  });

  it('prints JSON and nothing else on standard output when asked for it', async () => {
    const { code, io } = await invoke(['run', job('[a]\n'), ...SMALL, '--json']);
    expect(code).toBe(ExitCode.ok);
    expect(JSON.parse(io.stdout)).toMatchObject({
      clean: true,
      jobs: [{ jobname: 'a', read: { total_ios: 256 } }],
    });
  });

  it('ends with 1 after errors, and names them', async () => {
    const { code, io } = await invoke(['run', job('[a]\n'), ...SMALL], {
      decide: (_, nth) => (nth === 3 ? 0x281 : 0),
    });
    expect(code).toBe(ExitCode.errors);
    expect(io.stdout).toMatch(/errors: 1 x \S.* \(status 281h\)/);
  });

  it('ends with 130 and partial results when it is interrupted', async () => {
    const io = new FakeIo();
    io.atTurn = (interrupt) => interrupt();
    const { code, opened } = await invoke(
      ['run', job('[a]\nloops=500\nbs=512\n'), ...SMALL],
      {},
      io,
    );
    expect(code).toBe(ExitCode.interrupted);
    expect(io.stdout).toContain('Interrupted: these are the results up to then.');
    expect(opened.closed).toBe(1);
  });

  it('writes a trace that is the same for the same seed', async () => {
    const path = job('[a]\nrw=randrw\niodepth=4\n');
    const trace = async (seed: string): Promise<string> => {
      const file = join(directory, 'trace');
      await invoke(['run', path, ...SMALL, '--trace', file, '--seed', seed]);
      return readFileSync(file, 'utf8');
    };
    const first = await trace('1');
    expect(JSON.parse(first.split('\n')[0]!)).toMatchObject({
      t: 0,
      layer: 'workload',
      event: 'issue',
      io: 1,
    });
    expect(first.split('\n')).toHaveLength(513);
    expect(await trace('1')).toBe(first);
    expect(await trace('2')).not.toBe(first);
  });

  it.each([
    ['[a]\nbs=banana\n', 'job.fio:2: bs: '],
    ['[a]\nsize=2m\n', 'job.fio:2: size: '],
    ['[a]\nnope=1\n', 'job.fio:2: nope: no such key here; accepted are '],
    ['', 'job.fio: no job'],
  ])('opens and writes nothing when the job file is %j', async (text, message) => {
    const trace = join(directory, 'never');
    const { code, io, opened } = await invoke(['run', job(text), ...SMALL, '--trace', trace]);
    expect(code).toBe(ExitCode.usage);
    expect(io.stderr).toContain(message);
    expect(io.stdout).toBe('');
    expect(opened.choices).toEqual([]);
    expect(existsSync(trace)).toBe(false);
  });

  it('refuses a job file or a trace file that cannot be opened', async () => {
    const missing = await invoke(['run', join(directory, 'missing.fio')]);
    expect([missing.code, missing.io.stderr]).toEqual([2, expect.stringContaining('ENOENT')]);
    const elsewhere = await invoke([
      'run',
      job('[a]\n'),
      ...SMALL,
      '--trace',
      join(directory, 'no', 'where'),
    ]);
    expect([elsewhere.code, elsewhere.opened.choices.length]).toEqual([2, 0]);
  });

  it('writes a block trace, or refuses one that cannot be opened before anything runs', async () => {
    const args = ['run', job('[a]\n'), '--backend', 'iblock:scsi:1MiB', '--blktrace'];
    const prefix = join(directory, 'blk');
    const { code } = await invoke([...args, prefix]);
    expect([code, existsSync(`${prefix}.blktrace.0`)]).toEqual([ExitCode.ok, true]);
    const elsewhere = await invoke([...args, join(directory, 'no', 'where')]);
    expect([elsewhere.code, elsewhere.opened.choices.length]).toEqual([ExitCode.usage, 0]);
    expect(elsewhere.io.stderr).toMatch(/--blktrace .*ENOENT/);
  });

  it('refuses to run for a time where nothing costs any', async () => {
    const { code, io } = await invoke([
      'run',
      job('[a]\ntime_based\nruntime=1\n'),
      ...SMALL,
      '--costs',
      'none',
    ]);
    expect([code, io.stderr]).toEqual([
      2,
      expect.stringContaining('time_based: no virtual time passes'),
    ]);
  });
});
