import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseBlktrace } from '../../src/block/blktrace-parser.ts';
import { countBlktraceActions, formatBlktrace } from '../../src/block/blktrace-text.ts';
import { BlktraceWriter } from '../../src/block/blktrace-writer.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, makeMemory } from '../block/rig.ts';
import { describePeer } from './peer.ts';

/** A run with cuts, merges and plugs of random reads and writes, as a binary trace. */
function traceOfRun(): Uint8Array {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 1 << 16, writeCache: true });
  const pieces: number[] = [];
  const writer = new BlktraceWriter(executor, (bytes) => pieces.push(...bytes));
  const driver = new NullBlkDriver(executor, { medium, completionNs: 10_000 });
  const queue = new RequestQueue(executor, driver, { observer: writer });
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
  return Uint8Array.from(pieces);
}

describePeer({ program: 'blkparse', from: 'blktrace' }, 'blkparse and btt', (blkparse) => {
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it('print what we wrote as we print it, and count the same events', () => {
    const bytes = traceOfRun();
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
});
