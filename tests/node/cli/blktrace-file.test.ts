import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseBlktrace } from '../../../src/block/blktrace-parser.ts';
import { BioOp } from '../../../src/interfaces/bio.ts';
import { BlockAction } from '../../../src/interfaces/block-observer.ts';
import { BlktraceFile } from '../../../src/node/cli/blktrace-file.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';

it('holds every event, in pieces of any number', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  try {
    const prefix = join(directory, 'disk');
    const file = new BlktraceFile(prefix);
    const observer = file.observe(new SimExecutor());
    for (let i = 0; i < 3000; i++) {
      observer.event(BlockAction.queued, i, BioOp.write, 0, i * 8, 8, 0);
    }
    file.close();
    const { records, fault } = parseBlktrace(readFileSync(`${prefix}.blktrace.0`));
    expect(fault).toBeUndefined();
    expect(records.slice(1).map(({ sector }) => sector)).toEqual(
      Array.from({ length: 3000 }, (_, i) => i * 8),
    );
    expect(() => new BlktraceFile(join(directory, 'no', 'where'))).toThrow(/^--blktrace .*ENOENT/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('is an empty file when nothing was observed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  try {
    new BlktraceFile(join(directory, 'disk')).close();
    expect(readFileSync(join(directory, 'disk.blktrace.0')).length).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
