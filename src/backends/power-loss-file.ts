/**
 * A file that forgets: after a power cut, of each sector that was not synced any version may be left that it had since its
 * last sync, as a seed decides. Killing a process proves nothing about fsync; this does.
 *
 * Sectors are 512 bytes and are never torn. Does not model: metadata of a file system (the size never changes).
 */
import { assert } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { Executor } from '../interfaces/executor.ts';
import { Errno, type FileHandle, FileOp, type FileRequest } from '../interfaces/file-handle.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { Prng } from '../interfaces/prng.ts';
import { PageStore } from '../memory/page-store.ts';
import { type FileCounters, type FileStore, SyncFile, type SyncFileOptions } from './sync-file.ts';

const SECTOR_BYTES = 512;
/** Versions of a sector that are remembered; of more, the oldest after the durable one is forgotten. */
const MOST_VERSIONS = 16;

/** A file in memory whose power can be cut. */
export class PowerLossFile implements FileHandle {
  readonly size: number;
  readonly readOnly = false;
  readonly #store: PowerLossStore;
  readonly #file: SyncFile;

  constructor(executor: Executor, size: number, options: SyncFileOptions = {}) {
    assert(size % SECTOR_BYTES === 0, 'PowerLossFile size is a multiple of 512');
    this.size = size;
    this.#store = new PowerLossStore(size);
    this.#file = new SyncFile(executor, 'power-loss-file', this.#store, options);
  }

  /** How often each operation reached the file. */
  counters(): FileCounters {
    return this.#file.counters();
  }

  /** How many sectors a power cut could change now. */
  get unsyncedSectors(): number {
    return this.#store.unsynced;
  }

  submit(request: FileRequest): void {
    this.#file.submit(request);
  }

  close(): void {
    this.#file.close();
  }

  /**
   * Power fails. Writes that wait may have reached the file, in part; they and all else that waits end with an I/O error.
   * What is left is durable.
   */
  powerCut(prng: Prng): void {
    for (let i = 0; ; i++) {
      const request = this.#file.waiting(i);
      if (request === undefined) break;
      const { op, offset, length, memory, data } = request;
      if (op === FileOp.write && length <= data.byteLength && offset + length <= this.size) {
        this.#store.write(offset, length, false, memory, data);
      }
    }
    this.#store.powerCut(prng);
    this.#file.failWaiting();
  }
}

class PowerLossStore implements FileStore {
  readonly size: number;
  readonly readOnly = false;
  readonly #pages: PageStore;
  /** By sector that is not synced: the durable bytes, then each later version. */
  readonly #versions = new Map<number, Uint8Array[]>();

  constructor(size: number) {
    this.size = size;
    this.#pages = new PageStore(size);
  }

  get unsynced(): number {
    return this.#versions.size;
  }

  read(offset: number, length: number, memory: GuestMemory, data: SgList): Errno {
    return this.#pages.readTo(offset, memory, data, 0, length) ? Errno.ok : Errno.fault;
  }

  write(
    offset: number,
    length: number,
    durable: boolean,
    memory: GuestMemory,
    data: SgList,
  ): Errno {
    this.#keepOld(offset, length);
    if (!this.#pages.writeFrom(offset, memory, data, 0, length)) return Errno.fault;
    this.#keepNew(offset, length);
    return durable ? this.dataSync(offset, length) : Errno.ok;
  }

  sync(): Errno {
    this.#versions.clear();
    return Errno.ok;
  }

  dataSync(offset: number, length: number): Errno {
    for (let i = firstSector(offset); i < endSector(offset, length); i++) this.#versions.delete(i);
    return Errno.ok;
  }

  punch(offset: number, length: number): Errno {
    this.#keepOld(offset, length);
    this.#pages.zero(offset, length);
    this.#keepNew(offset, length);
    return Errno.ok;
  }

  close(): void {}

  powerCut(prng: Prng): void {
    for (const [sector, versions] of this.#versions) {
      const left = versions[prng.below(versions.length)]!;
      this.#pages.store(sector * SECTOR_BYTES, left, 0, SECTOR_BYTES);
    }
    this.#versions.clear();
  }

  #keepOld(offset: number, length: number): void {
    for (let i = firstSector(offset); i < endSector(offset, length); i++) {
      if (!this.#versions.has(i)) this.#versions.set(i, [this.#sector(i)]);
    }
  }

  #keepNew(offset: number, length: number): void {
    for (let i = firstSector(offset); i < endSector(offset, length); i++) {
      const versions = this.#versions.get(i)!;
      versions.push(this.#sector(i));
      if (versions.length > MOST_VERSIONS) versions.splice(1, 1);
    }
  }

  #sector(index: number): Uint8Array {
    const bytes = new Uint8Array(SECTOR_BYTES);
    this.#pages.load(index * SECTOR_BYTES, bytes, 0, SECTOR_BYTES);
    return bytes;
  }
}

function firstSector(offset: number): number {
  return Math.floor(offset / SECTOR_BYTES);
}

function endSector(offset: number, length: number): number {
  return Math.ceil((offset + length) / SECTOR_BYTES);
}
