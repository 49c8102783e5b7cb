/** A file in memory: for tests, browsers and whoever wants FILEIO without a disk. It counts what is asked of it. */
import { assert } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { Executor } from '../interfaces/executor.ts';
import { Errno, type FileHandle, type FileRequest } from '../interfaces/file-handle.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { PageStore } from '../memory/page-store.ts';
import { type FileCounters, type FileStore, SyncFile, type SyncFileOptions } from './sync-file.ts';

/** How a memory file is made. */
export interface MemoryFileOptions extends SyncFileOptions {
  /** Writes are refused. */
  readonly readOnly?: boolean;
}

/** A file of zeroes, a multiple of 512 bytes long. */
export class MemoryFile implements FileHandle {
  readonly size: number;
  readonly readOnly: boolean;
  /** Its bytes, for whoever fills or inspects the file from outside. */
  readonly contents: PageStore;
  readonly #file: SyncFile;

  constructor(executor: Executor, size: number, options: MemoryFileOptions = {}) {
    assert(Number.isSafeInteger(size) && size >= 0, 'MemoryFile size is an integer >= 0');
    this.size = size;
    this.readOnly = options.readOnly ?? false;
    this.contents = new PageStore(size);
    const store = new MemoryStore(this.contents, this.readOnly);
    this.#file = new SyncFile(executor, 'memory-file', store, options);
  }

  /** How often each operation reached the file. */
  counters(): FileCounters {
    return this.#file.counters();
  }

  submit(request: FileRequest): void {
    this.#file.submit(request);
  }

  close(): void {
    this.#file.close();
  }
}

/** Pages as the bytes of a file. Nothing can be lost, so syncs have nothing to do. */
class MemoryStore implements FileStore {
  readonly size: number;
  readonly readOnly: boolean;
  readonly #pages: PageStore;

  constructor(pages: PageStore, readOnly: boolean) {
    this.size = pages.sizeBytes;
    this.readOnly = readOnly;
    this.#pages = pages;
  }

  read(offset: number, length: number, memory: GuestMemory, data: SgList): Errno {
    return this.#pages.readTo(offset, memory, data, 0, length) ? Errno.ok : Errno.fault;
  }

  write(
    offset: number,
    length: number,
    _durable: boolean,
    memory: GuestMemory,
    data: SgList,
  ): Errno {
    return this.#pages.writeFrom(offset, memory, data, 0, length) ? Errno.ok : Errno.fault;
  }

  sync(): Errno {
    return Errno.ok;
  }

  dataSync(): Errno {
    return Errno.ok;
  }

  punch(offset: number, length: number): Errno {
    this.#pages.zero(offset, length);
    return Errno.ok;
  }

  close(): void {}
}
