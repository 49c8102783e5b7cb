import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gptHeader } from '../../src/block/gpt-table.ts';
import { MAX_CHAIN_LINKS, openPartition, scanPartitions } from '../../src/block/partition-scan.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeMedium } from '../block-drivers/worlds.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { BlockImage } from './block-image.ts';
import {
  asSfdisk,
  ofSfdisk,
  recordedDisk,
  scan,
  sealGpt,
  writeGpt,
  writeMbrEntry,
} from './partition-images.ts';
import { makeBio, makeMemory } from './rig.ts';

function blank(sectors = 4096, logicalBlockSize = 512) {
  const executor = new SimExecutor();
  const image = new BlockImage(executor, sectors, logicalBlockSize);
  return { executor, image, scan: () => scan(executor, image) };
}

describe('a disk that sfdisk partitioned', () => {
  it.each(['gpt', 'mbr'] as const)('has the partitions that sfdisk names: %s', (format) => {
    const { image, executor, sfdisk } = recordedDisk(format);
    const table = scan(executor, image);
    expect(table).toMatchObject({ format, isBackup: false, faults: [] });
    expect(table.diskGuid).toBe(format === 'gpt' ? sfdisk.id : '');
    expect(asSfdisk(table)).toEqual(ofSfdisk(sfdisk));
  });

  it.each([
    ['the signature', 512],
    ['the header', 512 + 60],
    ['the entries', 1024 + 130],
  ])('has the same partitions when %s of the primary is damaged', (_, at) => {
    const { image, executor, sfdisk } = recordedDisk('gpt');
    image.bytes[at]! ^= 0x10;
    const table = scan(executor, image);
    expect(table).toMatchObject({ format: 'gpt', isBackup: true, diskGuid: sfdisk.id });
    expect(table.faults).toEqual([expect.stringContaining('the primary table is damaged')]);
    expect(asSfdisk(table)).toEqual(ofSfdisk(sfdisk));
  });

  it.each([1, 2])('has the same partitions when block %i cannot be read', (block) => {
    const { image, executor, sfdisk } = recordedDisk('gpt');
    image.bad.add(block);
    expect(asSfdisk(scan(executor, image))).toEqual(ofSfdisk(sfdisk));
  });

  it('has none when primary and backup are damaged', () => {
    const { image, executor } = recordedDisk('gpt');
    image.bytes[512] = 0;
    image.bytes[image.bytes.length - 500] = 1;
    const table = scan(executor, image);
    expect(table).toMatchObject({ format: 'none', partitions: [] });
    expect(table.faults).toHaveLength(2);
  });
});

describe('a scan', () => {
  it('reads blocks of 4096 bytes, and counts in sectors of 512', () => {
    const { image, scan: run } = blank(8192, 4096);
    writeGpt(image, [[10, 19]]);
    expect(run().partitions).toMatchObject([{ number: 1, startSector: 80, sectorCount: 80 }]);
  });

  it('finds nothing on a blank disk, an unreadable one and an empty one', () => {
    expect(blank().scan()).toEqual({
      format: 'none',
      isBackup: false,
      diskGuid: '',
      partitions: [],
      faults: [],
    });
    const { image, scan: run } = blank();
    image.bad.add(0);
    expect(run()).toMatchObject({ format: 'none', faults: ['the first block cannot be read'] });
    expect(blank(0).scan()).toMatchObject({ format: 'none' });
  });

  it('takes no GUID partition table that the first block does not protect', () => {
    const { image, scan: run } = blank();
    writeGpt(image, [[100, 199]]);
    image.bytes.fill(0, 446, 512);
    writeMbrEntry(image, 0, 1, [0x83, 64, 100]);
    expect(run()).toMatchObject({ format: 'mbr', partitions: [{ number: 2, startSector: 64 }] });
  });

  it('cuts a partition that leaves the disk, and drops one that starts beyond it', () => {
    const { image, scan: run } = blank();
    writeMbrEntry(image, 0, 0, [0x83, 4000, 1000]);
    writeMbrEntry(image, 0, 1, [0x83, 4096, 8]);
    const table = run();
    expect(table.partitions).toMatchObject([{ number: 1, startSector: 4000, sectorCount: 96 }]);
    expect(table.faults).toEqual([
      'partition 1 is cut at the end of the disk',
      'partition 2 starts beyond the disk',
    ]);
  });

  it.each([
    ['itself', 0],
    ['the one before', 8],
  ])('follows a chain that comes back to %s only so far', (_, back) => {
    const { image, scan: run } = blank();
    writeMbrEntry(image, 0, 0, [0x05, 100, 3000]);
    writeMbrEntry(image, 100, 0, [0x83, 1, 4]);
    writeMbrEntry(image, 100, 1, [0x05, 8, 8]);
    writeMbrEntry(image, 108, 0, [0x83, 1, 4]);
    writeMbrEntry(image, 108, 1, [0x05, back === 0 ? 8 : 16, 8]);
    writeMbrEntry(image, 116, 0, [0x83, 1, 4]);
    writeMbrEntry(image, 116, 1, [0x05, 8, 8]);
    const table = run();
    expect(table.partitions).toHaveLength(1 + MAX_CHAIN_LINKS);
    expect(table.faults).toEqual([`the chain is not followed beyond ${MAX_CHAIN_LINKS} links`]);
  });

  it('goes over a link without a partition, and ends where the chain breaks off', () => {
    const { image, scan: run } = blank();
    writeMbrEntry(image, 0, 0, [0x0f, 100, 3000]);
    writeMbrEntry(image, 100, 1, [0x05, 8, 8]);
    writeMbrEntry(image, 108, 0, [0x83, 1, 4]);
    writeMbrEntry(image, 108, 1, [0x05, 900, 8]);
    const table = run();
    expect(table.partitions.map(({ number, startSector }) => [number, startSector])).toEqual([
      [1, 100],
      [5, 109],
    ]);
    expect(table.faults).toEqual(['the chain breaks off before partition 6']);
  });

  it('reads into the memory that it is given, and nowhere else', () => {
    const executor = new SimExecutor();
    const queue = new RequestQueue(executor, new NullBlkDriver(executor, { medium: makeMedium() }));
    const memory = makeMemory();
    memory.fill(0, 0xa5, 1 << 16);
    let ends = 0;
    scanPartitions(queue, () => ends++, { buffer: { memory, gpa: 4096 } });
    expect(ends).toBe(0);
    executor.runUntilIdle();
    expect([ends, memory.read8(4095), memory.read8(4096), memory.read8(4608)]).toEqual([
      1, 0xa5, 0, 0xa5,
    ]);
  });
});

it('ends, and names only partitions inside the disk, whatever is on it', () => {
  const poke = fc.tuple(fc.nat(64 * 512 - 1), fc.nat(255));
  const size = fc.constantFrom(0, 1, 2, 40, 70, 64);
  checkProperty(
    fc.property(
      size,
      fc.boolean(),
      fc.array(poke, { maxLength: 12 }),
      fc.boolean(),
      (sectors, isGpt, pokes, isSealed) => {
        const { image, scan: run } = blank(Math.max(sectors, 0));
        const entries = [
          [36, 36],
          [35, 36],
        ] as const;
        if (isGpt && sectors >= 70) writeGpt(image, entries);
        else if (sectors >= 40) {
          writeMbrEntry(image, 0, 0, [0x05, 3, 30]);
          for (let at = 3; at < 30; at += 3) {
            writeMbrEntry(image, at, 0, [0x83, 1, 1]);
            writeMbrEntry(image, at, 1, [0x05, at, 3]);
          }
        }
        for (const [at, value] of pokes) if (at < image.bytes.length) image.bytes[at] = value;
        // A table may lie with a CRC that is right.
        if (isSealed && isGpt && sectors >= 70) {
          const length =
            gptHeader.entryCount.get(image.view, 512) * gptHeader.entryBytes.get(image.view, 512);
          if (length <= 1 << 20) sealGpt(image, 1);
        }
        const { partitions } = run();
        for (const { startSector, sectorCount } of partitions) {
          expect(startSector).toBeGreaterThanOrEqual(0);
          expect(sectorCount).toBeGreaterThan(0);
          expect(startSector + sectorCount).toBeLessThanOrEqual(sectors);
        }
        expect(image.reads).toBeLessThanOrEqual(2 * MAX_CHAIN_LINKS);
      },
    ),
    runs(150, 4_000),
  );
});

it('opens a partition as a device that ends with it', () => {
  const executor = new SimExecutor();
  const medium = makeMedium();
  const disk = new RequestQueue(executor, new NullBlkDriver(executor, { medium }));
  const { image, executor: images } = recordedDisk('gpt');
  const [found] = scan(images, image).partitions;
  const partition = openPartition(executor, disk, { ...found!, startSector: 16, sectorCount: 64 });
  const memory = makeMemory();
  memory.fill(0, 0x77, 4096);
  const inside = makeBio(memory, { op: BioOp.write, sector: 56 });
  const outside = makeBio(memory, { op: BioOp.write, sector: 57 });
  partition.submitBio(inside);
  partition.submitBio(outside);
  const back = makeBio(memory, { sector: 72, gpa: 8192 });
  executor.runUntilIdle();
  disk.submitBio(back);
  executor.runUntilIdle();
  expect([inside.status, outside.status, back.status]).toEqual([
    BlkStatus.ok,
    BlkStatus.ioError,
    0,
  ]);
  expect(memory.read8(8192 + 4095)).toBe(0x77);
});
