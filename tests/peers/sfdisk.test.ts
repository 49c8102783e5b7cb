import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { BlockImage } from '../block/block-image.ts';
import { asSfdisk, ofSfdisk, type SfdiskTable, scan } from '../block/partition-images.ts';
import { describePeer } from './peer.ts';

const SECTORS = 65_536;

const GPT = ['label: gpt', 'size=2048, name="boot"', 'size=5000, type=S', 'type=L, name="déjà vu"'];
const MBR = [
  'label: dos',
  'start=2048, size=2048, type=83, bootable',
  'start=4096, size=50000, type=5',
  'start=60000, type=c',
  'start=54096, size=900, type=83',
  'start=6144, size=2048, type=82',
  'start=10240, size=4096, type=83',
  'start=30000, size=77, type=83',
];

describePeer({ program: 'sfdisk', from: 'fdisk' }, 'sfdisk', (sfdisk) => {
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['gpt', GPT],
    ['dos', MBR],
  ])('names the partitions that we find: %s', (name, script) => {
    const file = join(directory, name);
    writeFileSync(file, '');
    truncateSync(file, SECTORS * 512);
    execFileSync(sfdisk, ['-q', file], { input: `${script.join('\n')}\n` });
    const text = execFileSync(sfdisk, ['-J', file], { encoding: 'utf8' });
    const { partitiontable } = JSON.parse(text) as { partitiontable: SfdiskTable };
    const executor = new SimExecutor();
    const image = new BlockImage(executor, SECTORS);
    image.bytes.set(readFileSync(file));
    const table = scan(executor, image);
    expect(table.faults).toEqual([]);
    expect(asSfdisk(table)).toEqual(ofSfdisk(partitiontable));
    expect(table.partitions.length).toBe(script.length - 1);
  });
});
