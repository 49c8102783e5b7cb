import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildProgram, type Program } from '../node/cli/built-program.ts';
import { listFiles, root } from '../support/source-tree.ts';
import { describePeer } from './peer.ts';

describePeer({ program: 'fio', from: 'fio' }, 'fio', (fio) => {
  let directory = '';
  let program: Program;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
    program = await buildProgram('fio');
  });

  afterAll(() => {
    program.remove();
    rmSync(directory, { recursive: true });
  });

  it.each(listFiles('examples/jobs', '.fio'))('accepts %s', (path) => {
    const { status, stderr } = spawnSync(fio, ['--parse-only', root + path], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it.each([['0xdeadbeef'], ['"text"'], ['1234'], ['-7'], ['%o'], ['0xff%o"abcd"-21']])(
    'writes the same bytes for the pattern %s, in whatever order of blocks',
    async (pattern) => {
      const file = join(directory, 'pattern.fio');
      writeFileSync(
        file,
        `[a]\nrw=randwrite\nbs=4k\nsize=256k\nverify=pattern\nverify_pattern=${pattern}\ndo_verify=0\n`,
      );
      const [theirs, ours] = [join(directory, 'theirs'), join(directory, 'ours')];
      for (const path of [theirs, ours]) writeFileSync(path, new Uint8Array(512 * 1024));
      const adapted = join(directory, 'adapted.fio');
      writeFileSync(adapted, `${readFileSync(file, 'utf8')}filename=${theirs}\nioengine=psync\n`);
      execFileSync(fio, [adapted], { cwd: directory });
      const { code } = await program.run('run', file, '--backend', `fileio:${ours}`);
      expect(code).toBe(0);
      expect(readFileSync(ours).equals(readFileSync(theirs))).toBe(true);
    },
  );

  it('does as many I/Os as this library for the same sizes, limits and loops', async () => {
    const jobs = [
      'size=10k',
      'size=1m\nio_size=50%',
      'size=512k\nio_size=1m',
      'size=1m\nnumber_ios=10\nloops=2',
      'rw=randread\nsize=512k\nio_size=1m',
      'size=512k\nio_size=256k\nloops=3',
      'size=256k\noffset=512k\nnumjobs=2\ngroup_reporting',
    ];
    for (const lines of jobs) {
      const file = join(directory, 'count.fio');
      writeFileSync(file, `[global]\nioengine=null\n[a]\nbs=4k\n${lines}\n`);
      const theirs = JSON.parse(
        execFileSync(fio, ['--output-format=json', file], { cwd: directory, encoding: 'utf8' }),
      );
      const ours = await program.run('run', file, '--backend', 'rd_mcp:1MiB', '--json');
      expect(JSON.parse(ours.stdout).jobs[0].read.total_ios, lines).toBe(
        theirs.jobs[0].read.total_ios,
      );
    }
  });
});
