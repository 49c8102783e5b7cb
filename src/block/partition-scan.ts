/**
 * Finds the partitions of a disk: reads its tables through bios, and believes nothing that does not hold together.
 *
 * A GUID partition table counts when the first block protects it, as UEFI 2.10, 5.2.3 has it; its copy at the last block stands in for a
 * primary that is damaged. Otherwise the first block is the table, and an extended partition a chain of at most 100 links.
 * Whatever is on the disk, the scan ends: what it cannot use it names among the faults.
 *
 * Does not model: other kinds of tables (BSD, Apple, LDM), the repair of a damaged copy.
 */
import { SgList } from '../base/sg-list.ts';
import { type Bio, BioOp, BlkStatus, type BlockDevice, SECTOR_BYTES } from '../interfaces/bio.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { type GptHeader, parseGptEntries, parseGptHeader } from './gpt-table.ts';
import { isExtended, isProtective, type MbrEntry, parseMbr } from './mbr-table.ts';
import { RemapDevice, type RemapDeviceOptions } from './remap-device.ts';
import { LinearMap } from './sector-map.ts';

/** Most links of the chain of an extended partition; each holds a logical partition, or none. */
export const MAX_CHAIN_LINKS = 100;

/** Bytes of memory that a scan reads into. */
export const SCAN_BUFFER_BYTES = 16_384;

/** A partition. */
export interface Partition {
  /** As in the name of its device: from 1; logical partitions of a chain count from 5. */
  readonly number: number;
  /** In 512-byte sectors of the disk. */
  readonly startSector: number;
  readonly sectorCount: number;
  /** A GUID, or two hexadecimal digits. */
  readonly type: string;
  /** GUID of the partition; empty where the table has none. */
  readonly guid: string;
  readonly name: string;
  readonly isBootable: boolean;
  /** It only holds the chain of the logical partitions. */
  readonly isExtended: boolean;
}

/** What a scan found. */
export interface PartitionTable {
  readonly format: 'gpt' | 'mbr' | 'none';
  /** The primary table is damaged: this is the copy at the end of the disk. */
  readonly isBackup: boolean;
  /** GUID of the disk; empty where the table has none. */
  readonly diskGuid: string;
  readonly partitions: readonly Partition[];
  /** What could not be used, in words. */
  readonly faults: readonly string[];
}

/** How a scan is made. */
export interface PartitionScanOptions {
  /** Where the blocks are read to, {@link SCAN_BUFFER_BYTES} long; memory of its own unless given. */
  readonly buffer?: { readonly memory: GuestMemory; readonly gpa: number };
}

/** Reads the partition table of a disk; `done` is called once, on a later turn. */
export function scanPartitions(
  disk: BlockDevice,
  done: (table: PartitionTable) => void,
  options: PartitionScanOptions = {},
): void {
  new PartitionScan(disk, done, options).start();
}

/** The partition as a device of its own, on the disk that it was found on. */
export function openPartition(
  executor: Executor,
  disk: BlockDevice,
  { startSector, sectorCount }: Partition,
  options: Omit<RemapDeviceOptions, 'isPartition'> = {},
): RemapDevice {
  const map = new LinearMap([{ device: disk, startSector, sectorCount }]);
  return new RemapDevice(executor, map, { ...options, isPartition: true });
}

type Read = (bytes: Uint8Array | undefined) => void;

class PartitionScan {
  readonly #disk: BlockDevice;
  readonly #done: (table: PartitionTable) => void;
  readonly #blockSectors: number;
  readonly #blockBytes: number;
  readonly #lastLba: number;
  readonly #bio: Bio;
  readonly #gpa: number;
  readonly #partitions: Partition[] = [];
  readonly #faults: string[] = [];
  /** Gets the bytes of the read under way. */
  #then: Read = () => {};
  #into = new Uint8Array(0);
  #intoAt = 0;
  #nextLba = 0;

  constructor(
    disk: BlockDevice,
    done: (table: PartitionTable) => void,
    { buffer }: PartitionScanOptions,
  ) {
    this.#disk = disk;
    this.#done = done;
    this.#blockBytes = disk.limits.logicalBlockSize;
    this.#blockSectors = this.#blockBytes / SECTOR_BYTES;
    this.#lastLba = Math.floor(disk.capacitySectors / this.#blockSectors) - 1;
    this.#gpa = buffer?.gpa ?? 0;
    this.#bio = {
      ioId: 0,
      op: BioOp.read,
      sector: 0,
      sectorCount: 0,
      flags: 0,
      memory: buffer?.memory ?? new RegionMemory([{ base: 0, size: SCAN_BUFFER_BYTES }]),
      data: new SgList(),
      status: BlkStatus.ok,
      end: () => this.#readEnded(),
    };
  }

  start(): void {
    this.#read(0, 1, (block) => {
      const entries = block && parseMbr(block);
      if (block === undefined) this.#faults.push('the first block cannot be read');
      if (entries === undefined) this.#finish('none');
      else if (isProtective(entries)) this.#readGpt(1);
      else this.#takePrimary(entries);
    });
  }

  #finish(format: PartitionTable['format'], isBackup = false, diskGuid = ''): void {
    const [partitions, faults] = [this.#partitions, this.#faults];
    this.#done({ format, isBackup, diskGuid, partitions, faults });
  }

  #readGpt(lba: number): void {
    this.#read(lba, 1, (block) => {
      const header = block === undefined ? 'it cannot be read' : this.#header(block, lba);
      if (typeof header === 'string') {
        this.#gptFailed(lba, header);
        return;
      }
      const blocks = Math.ceil((header.entryCount * header.entryBytes) / this.#blockBytes);
      this.#read(header.entriesLba, blocks, (array) => {
        const found = array && parseGptEntries(header, array);
        if (found === undefined) {
          this.#gptFailed(
            lba,
            array === undefined ? 'its entries cannot be read' : 'CRC of the entries',
          );
          return;
        }
        this.#faults.push(...found.faults);
        for (const { number, type, guid, firstLba, lastLba, name } of found.entries) {
          this.#add({ number, type, guid, name }, firstLba, lastLba - firstLba + 1);
        }
        this.#finish('gpt', lba !== 1, header.diskGuid);
      });
    });
  }

  #header(block: Uint8Array, lba: number): GptHeader | string {
    return parseGptHeader(block, lba, this.#lastLba);
  }

  #gptFailed(lba: number, what: string): void {
    this.#faults.push(`the ${lba === 1 ? 'primary' : 'backup'} table is damaged: ${what}`);
    if (lba === 1 && this.#lastLba > 1) this.#readGpt(this.#lastLba);
    else this.#finish('none');
  }

  #takePrimary(entries: readonly MbrEntry[]): void {
    let chain: MbrEntry | undefined;
    for (const [i, entry] of entries.entries()) {
      if (entry.blocks === 0) continue;
      this.#addMbr(entry, i + 1, entry.start);
      if (isExtended(entry)) chain ??= entry;
    }
    if (chain === undefined || chain.start === 0) this.#finish('mbr');
    else this.#walkChain(chain.start, chain.start, 5, 1);
  }

  /** One link of the chain: a logical partition, relative to it, and the next link, relative to the extended partition. */
  #walkChain(base: number, lba: number, number: number, links: number): void {
    this.#read(lba, 1, (block) => {
      const entries = block && parseMbr(block);
      if (entries === undefined) {
        this.#faults.push(`the chain breaks off before partition ${number}`);
        this.#finish('mbr');
        return;
      }
      let after = number;
      let next: MbrEntry | undefined;
      for (const entry of entries) {
        if (entry.blocks === 0) continue;
        if (isExtended(entry)) next ??= entry;
        else if (after === number) this.#addMbr(entry, after++, lba + entry.start);
      }
      if (next === undefined || next.start === 0) {
        this.#finish('mbr');
      } else if (links >= MAX_CHAIN_LINKS) {
        this.#faults.push(`the chain is not followed beyond ${links} links`);
        this.#finish('mbr');
      } else {
        this.#walkChain(base, base + next.start, after, links + 1);
      }
    });
  }

  #addMbr(entry: MbrEntry, number: number, start: number): void {
    const type = entry.type.toString(16).padStart(2, '0');
    const { isBootable } = entry;
    this.#add({ number, type, isBootable, isExtended: isExtended(entry) }, start, entry.blocks);
  }

  /** Adds what lies inside the disk; what leaves it is cut, as Linux cuts it. */
  #add(
    fields: Pick<Partition, 'number' | 'type'> & Partial<Partition>,
    lba: number,
    blocks: number,
  ): void {
    if (lba > this.#lastLba) {
      this.#faults.push(`partition ${fields.number} starts beyond the disk`);
      return;
    }
    const inside = Math.min(blocks, this.#lastLba + 1 - lba);
    if (inside < blocks)
      this.#faults.push(`partition ${fields.number} is cut at the end of the disk`);
    this.#partitions.push({
      guid: '',
      name: '',
      isBootable: false,
      isExtended: false,
      ...fields,
      startSector: lba * this.#blockSectors,
      sectorCount: inside * this.#blockSectors,
    });
  }

  /** Reads blocks, as many at a time as the buffer holds; `then` gets `undefined` when one cannot be read. */
  #read(lba: number, blocks: number, then: Read): void {
    this.#then = then;
    this.#into = new Uint8Array(blocks * this.#blockBytes);
    this.#intoAt = 0;
    this.#nextLba = lba;
    this.#readMore();
  }

  #readMore(): void {
    const bio = this.#bio;
    const length = Math.min(SCAN_BUFFER_BYTES, this.#into.length - this.#intoAt);
    bio.sector = this.#nextLba * this.#blockSectors;
    bio.sectorCount = length / SECTOR_BYTES;
    bio.data.clear();
    bio.data.pushAddress(this.#gpa, length);
    this.#disk.submitBio(bio);
  }

  #readEnded(): void {
    const { status, memory, data } = this.#bio;
    if (status !== BlkStatus.ok) {
      this.#then(undefined);
      return;
    }
    memory.load(this.#gpa, this.#into, this.#intoAt, data.byteLength);
    this.#intoAt += data.byteLength;
    this.#nextLba += data.byteLength / this.#blockBytes;
    if (this.#intoAt < this.#into.length) this.#readMore();
    else this.#then(this.#into);
  }
}
