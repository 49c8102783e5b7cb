import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseBlktrace } from '../../src/block/blktrace-parser.ts';
import { countBlktraceActions, formatBlktrace } from '../../src/block/blktrace-text.ts';
import { BlktraceWriter } from '../../src/block/blktrace-writer.ts';
import { DiskStats } from '../../src/block/disk-stats.ts';
import { ObserverTee } from '../../src/block/observer-tee.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { BlockAction } from '../../src/interfaces/block-observer.ts';
import { main } from '../../src/node/cli/main.ts';
import { openStack } from '../../src/node/cli/open-stack.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, makeMemory } from '../block/rig.ts';
import { FakeIo } from '../node/cli/fake-cli.ts';
import { describePeer } from './peer.ts';

/** A run with cuts, merges and plugs of random reads and writes, as a binary trace. */
function traceOfRun(): { bytes: Uint8Array; stats: DiskStats } {
  const executor = new SimExecutor();
  const stats = new DiskStats(executor);
  const medium = new SparseMedium({ sectorCount: 1 << 16, writeCache: true });
  const pieces: number[] = [];
  const writer = new BlktraceWriter(executor, (bytes) => pieces.push(...bytes));
  const driver = new NullBlkDriver(executor, { medium, completionNs: 10_000 });
  const queue = new RequestQueue(executor, driver, {
    observer: new ObserverTee([writer, stats]),
  });
  const memory = makeMemory();
  const prng = makePrng(5);
  for (let round = 0; round < 40; round++) {
    queue.plug();
    const start = prng.below(1 << 14) * 8;
    for (let i = 0; i < 4; i++) {
      const op = round % 2 === 0 ? BioOp.write : BioOp.read;
      const sectorCount = i === 3 ? 512 : 8;
      const flags = BioFlag.sync | (i === 2 && round % 8 === 0 ? BioFlag.fua : 0);
      const sector = Math.min(start + i * 8, (1 << 16) - 512);
      queue.submitBio(makeBio(memory, { op, sector, sectorCount, flags, gpa: i * 4096 }));
    }
    queue.unplug();
    executor.runUntil(executor.now + 1_000_000);
  }
  executor.runUntilIdle();
  writer.flush();
  return { bytes: Uint8Array.from(pieces), stats };
}

describePeer({ program: 'blkparse', from: 'blktrace' }, 'blkparse and btt', (blkparse) => {
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it('print what we wrote as we print it, and count the same events', () => {
    const { bytes } = traceOfRun();
    writeFileSync(join(directory, 'ours.blktrace.0'), bytes);
    const options = { cwd: directory, encoding: 'utf8' } as const;
    const text = execFileSync(blkparse, ['-i', 'ours', '-d', 'ours.bin'], options);
    const lines = text.split('\n').filter((line) => /^ *\d+,\d+ +\d+ +\d+ +\d+\.\d{9}/.test(line));
    const { records } = parseBlktrace(bytes);
    expect(lines).toEqual(formatBlktrace(records));
    const counts = countBlktraceActions(records);
    expect(text).toContain(`Events (ours): ${records.length - 1} entries`);
    expect(counts).toMatchObject({ Q: 160, D: expect.any(Number), M: expect.any(Number) });

    const dumped = parseBlktrace(new Uint8Array(readFileSync(join(directory, 'ours.bin'))));
    expect(countBlktraceActions(dumped.records)).toEqual(counts);
    const btt = execFileSync(join(blkparse, '..', 'btt'), ['-i', 'ours.bin'], options);
    const [, queued, issued] = /\( *254, *0\) \| +(\d+) +(\d+)/.exec(btt)!;
    expect([Number(queued), Number(issued)]).toEqual([counts['Q'], counts['D']]);
    expect(Number(/Q2G .* (\d+)$/m.exec(btt)![1])).toBe(counts['G']);
    expect(Number(/D2C .* (\d+)$/m.exec(btt)![1])).toBeGreaterThan(0);
  });

  it('count what our counters count of the same run', () => {
    const { bytes, stats } = traceOfRun();
    writeFileSync(join(directory, 'run.blktrace.0'), bytes);
    const options = { cwd: directory, encoding: 'utf8' } as const;
    const text = execFileSync(blkparse, ['-i', 'run', '-d', 'run.bin'], options);
    for (const [letter, action] of Object.entries({
      Q: BlockAction.queued,
      M: BlockAction.backMerged,
      G: BlockAction.gotRequest,
      I: BlockAction.inserted,
      D: BlockAction.issued,
      C: BlockAction.completed,
    })) {
      const line = new RegExp(`^ *254,0 +0 +\\d+ +[\\d.]+ +1 +${letter} `, 'gm');
      expect([letter, text.match(line)?.length ?? 0]).toEqual([letter, stats.countOf(action)]);
    }
    // The summary of blkparse, of the whole run: reads beside writes.
    const total = (name: string): [number, number][] =>
      [...text.matchAll(new RegExp(`${name}: +(\\d+), +(\\d+)KiB`, 'g'))].map((found) => [
        Number(found[1]),
        Number(found[2]),
      ]);
    const { read, write } = stats;
    const kib = (sectors: number) => sectors / 2;
    expect(total('Read Dispatches')[0]).toEqual([read.ios, kib(read.sectors)]);
    expect(total('Reads Completed')[0]).toEqual([read.ios, kib(read.sectors)]);
    expect(total('Writes Completed')[0]![1]).toBe(kib(write.sectors));
    expect(total('Read Merges')[0]![0] + total('Write Merges')[0]![0]).toBe(
      read.merges + write.merges,
    );
    const btt = execFileSync(join(blkparse, '..', 'btt'), ['-i', 'run.bin'], options);
    expect(Number(/^Q2G .* (\d+)$/m.exec(btt)![1])).toBe(stats.countOf(BlockAction.gotRequest));
    const [, queued, issued] = /\( *254, *0\) \| +(\d+) +(\d+)/.exec(btt)!;
    expect(Number(queued)).toBe(stats.countOf(BlockAction.queued));
    expect(Number(issued)).toBe(stats.countOf(BlockAction.issued));
  });

  it.each(['scsi', 'sata', 'nvme', 'null_blk'])(
    'read what the command line wrote of %s',
    async (disk) => {
      const job = join(directory, 'job.fio');
      writeFileSync(job, '[a]\nrw=randrw\nbs=16k\nsize=1m\niodepth=8\nfsync=8\n');
      const prefix = join(directory, disk);
      const args = ['run', job, '--backend', `iblock:${disk}:4MiB`, '--blktrace', prefix];
      const io = new FakeIo();
      expect([await main(io, args, openStack), io.stderr]).toEqual([0, '']);
      const bytes = new Uint8Array(readFileSync(`${prefix}.blktrace.0`));
      const { records, fault } = parseBlktrace(bytes);
      expect(fault).toBeUndefined();
      const options = { cwd: directory, encoding: 'utf8' } as const;
      const text = execFileSync(blkparse, ['-i', disk, '-d', `${disk}.bin`], options);
      const lines = text.split('\n').filter((line) => /^ *254,0 +0 +\d+ +\d+\.\d{9}/.test(line));
      expect(lines).toEqual(formatBlktrace(records));
      const counts = countBlktraceActions(records);
      expect(counts['Q']).toBeGreaterThanOrEqual(64);
      const btt = execFileSync(join(blkparse, '..', 'btt'), ['-i', `${disk}.bin`], options);
      expect(Number(/^D2C .* (\d+)$/m.exec(btt)![1])).toBeGreaterThan(0);
    },
  );
});
