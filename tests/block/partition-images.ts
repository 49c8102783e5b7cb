/** Partition tables on a {@link BlockImage}: as sfdisk wrote them, and built from the words of UEFI 2.10, 5.3. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { crc32 } from '../../src/base/crc32.ts';
import { gptEntry, gptHeader } from '../../src/block/gpt-table.ts';
import { type PartitionTable, scanPartitions } from '../../src/block/partition-scan.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { BlockImage } from './block-image.ts';

/** What `sfdisk -J` says of a table. */
export interface SfdiskTable {
  readonly label: string;
  readonly id: string;
  readonly partitions: readonly {
    readonly node: string;
    readonly start: number;
    readonly size: number;
    readonly type: string;
    readonly uuid?: string;
    readonly name?: string;
    readonly bootable?: boolean;
  }[];
}

interface Recorded {
  readonly sectors: number;
  readonly blocks: Record<string, string>;
  readonly sfdisk: SfdiskTable;
}

/** A disk that sfdisk partitioned, and what it says of it. */
export function recordedDisk(name: 'gpt' | 'mbr'): {
  image: BlockImage;
  sfdisk: SfdiskTable;
  executor: SimExecutor;
} {
  const file = new URL('../golden/block/partitions/sfdisk-2.38.json.gz', import.meta.url);
  const all = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Record<string, Recorded>;
  const { sectors, blocks, sfdisk } = all[name]!;
  const executor = new SimExecutor();
  const image = new BlockImage(executor, sectors);
  for (const [block, text] of Object.entries(blocks)) {
    image.bytes.set(Buffer.from(text, 'base64'), Number(block) * 512);
  }
  return { image, sfdisk, executor };
}

/** Scans the image to the end. */
export function scan(executor: SimExecutor, image: BlockImage): PartitionTable {
  const found: PartitionTable[] = [];
  scanPartitions(image, (table) => found.push(table));
  executor.runUntilIdle();
  if (found.length !== 1) throw new Error(`the scan ended ${found.length} times`);
  return found[0]!;
}

/** The table in the words of sfdisk. */
export function asSfdisk({ partitions }: PartitionTable): unknown[] {
  return partitions.map((each) => ({
    number: each.number,
    start: each.startSector,
    size: each.sectorCount,
    type: each.type.replace(/^0/, ''),
    uuid: each.guid,
    name: each.name,
    bootable: each.isBootable,
  }));
}

/** What sfdisk printed, in the same form. */
export function ofSfdisk({ partitions }: SfdiskTable): unknown[] {
  return partitions
    .map(({ node, start, size, type, uuid = '', name = '', bootable = false }) => {
      const number = Number(/\d+$/.exec(node)![0]);
      return { number, start, size, type: type.replace(/^0/, ''), uuid, name, bootable };
    })
    .sort((a, b) => a.number - b.number);
}

/** Writes one of four entries of a partition table, and the signature. */
export function writeMbrEntry(
  image: BlockImage,
  block: number,
  slot: number,
  [type, start, blocks]: readonly [number, number, number],
): void {
  const at = block * image.limits.logicalBlockSize;
  const entry = at + 446 + slot * 16;
  image.bytes[entry + 4] = type;
  image.view.setUint32(entry + 8, start, true);
  image.view.setUint32(entry + 12, blocks, true);
  image.bytes.set([0x55, 0xaa], at + 510);
}

/** A whole GUID partition table with these partitions (first and last block), primary and backup. */
export function writeGpt(
  image: BlockImage,
  partitions: readonly (readonly [number, number])[],
): void {
  const block = image.limits.logicalBlockSize;
  const last = image.bytes.length / block - 1;
  const arrayBlocks = 16_384 / block;
  writeMbrEntry(image, 0, 0, [0xee, 1, last]);
  for (const [lba, entriesLba] of [
    [1, 2],
    [last, last - arrayBlocks],
  ] as const) {
    for (const [i, [from, to]] of partitions.entries()) {
      const base = entriesLba * block + i * 128;
      gptEntry.type.set(image.view, base, new Uint8Array(16).fill(0xa5));
      gptEntry.guid.set(image.view, base, new Uint8Array(16).fill(i + 1));
      gptEntry.firstLba.set(image.view, base, from);
      gptEntry.lastLba.set(image.view, base, to);
    }
    const base = lba * block;
    gptHeader.signature.set(image.view, base, 'EFI PART');
    gptHeader.revision.set(image.view, base, 0x1_0000);
    gptHeader.headerBytes.set(image.view, base, 92);
    gptHeader.myLba.set(image.view, base, lba);
    gptHeader.alternateLba.set(image.view, base, lba === 1 ? last : 1);
    gptHeader.firstUsableLba.set(image.view, base, 2 + arrayBlocks);
    gptHeader.lastUsableLba.set(image.view, base, last - arrayBlocks - 1);
    gptHeader.entriesLba.set(image.view, base, entriesLba);
    gptHeader.entryCount.set(image.view, base, 128);
    gptHeader.entryBytes.set(image.view, base, 128);
    sealGpt(image, lba);
  }
}

/** Makes both CRCs of the table at `lba` right again. */
export function sealGpt(image: BlockImage, lba: number): void {
  const base = lba * image.limits.logicalBlockSize;
  const entries = gptHeader.entriesLba.get(image.view, base) * image.limits.logicalBlockSize;
  const length =
    gptHeader.entryCount.get(image.view, base) * gptHeader.entryBytes.get(image.view, base);
  if (entries + length <= image.bytes.length) {
    gptHeader.entriesCrc.set(image.view, base, crc32(image.bytes, entries, length));
  }
  gptHeader.headerCrc.set(image.view, base, 0);
  gptHeader.headerCrc.set(image.view, base, crc32(image.bytes, base, 92));
}
