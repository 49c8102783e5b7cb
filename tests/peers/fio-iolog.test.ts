import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatFioIolog } from '../../src/block/fio-iolog.ts';
import { FioIologRecorder } from '../../src/block/fio-iolog-recorder.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, makeMemory } from '../block/rig.ts';
import { describePeer } from './peer.ts';

describePeer({ program: 'fio', from: 'fio' }, 'fio --read_iolog', (fio) => {
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([2, 3] as const)('replays our log of version %i, I/O for I/O', (version) => {
    const disk = join(directory, 'disk');
    writeFileSync(disk, new Uint8Array(1 << 20));
    const executor = new SimExecutor();
    const recorder = new FioIologRecorder(executor, disk);
    const driver = new NullBlkDriver(executor, { completionNs: 20_000 });
    const queue = new RequestQueue(executor, driver, { observer: recorder });
    const memory = makeMemory();
    for (let i = 0; i < 30; i++) {
      const op = i % 3 === 0 ? BioOp.write : BioOp.read;
      const flags = i % 9 === 0 ? BioFlag.fua : 0;
      queue.submitBio(makeBio(memory, { op, sector: (i * 56) % 1024, flags }));
      executor.runUntilIdle();
    }
    const log = join(directory, `v${version}.log`);
    writeFileSync(log, formatFioIolog(recorder.log(version)));
    const { status, stdout, stderr } = spawnSync(
      fio,
      ['--name=replay', `--read_iolog=${log}`, '--ioengine=psync', '--output-format=json'],
      { cwd: directory, encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, '']);
    const [job] = JSON.parse(stdout.slice(stdout.indexOf('{'))).jobs;
    expect([job.read.total_ios, job.write.total_ios]).toEqual([20, 10]);
    expect([job.read.io_bytes, job.write.io_bytes]).toEqual([20 * 4096, 10 * 4096]);
  });
});
