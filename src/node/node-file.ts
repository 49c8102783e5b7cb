/**
 * A file handle on a real file, by synchronous calls of `node:fs`.
 *
 * By default the file is opened with O_DSYNC: a write is on stable storage when it ends. With `buffered` it is in the page cache until
 * a sync. Node has no fallocate: holes are punched by the system's `fallocate`, and where that cannot be had, or the file system has no
 * holes, zeroes are written instead; {@link NodeFileHandle.punches} says which. Does not model: block devices, locks.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type FileCounters, type FileStore, SyncFile } from '../backends/sync-file.ts';
import { ConfigError } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor } from '../interfaces/executor.ts';
import { Errno, type FileHandle, type FileRequest } from '../interfaces/file-handle.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { loadSg, sgIsMapped, storeSg } from '../memory/sg-copy.ts';

/** The bytes that move in one call to the system. */
const CHUNK_BYTES = 256 * 1024;

/** How a file is opened. */
export interface NodeFileOptions {
  /** Size in bytes: what an existing file must have, and what a new one gets. A file is only made when this is given. */
  readonly size?: number;
  /** Writes stay in the page cache until a sync (`fd_buffered_io`); off by default. */
  readonly buffered?: boolean;
  /** Opens an existing file for reading alone. */
  readonly readOnly?: boolean;
  /** `targetCommandNs` and `copyPageNs` are charged in virtual time; none by default. */
  readonly costs?: CostTable;
}

/** The calls to the system that a node file makes; a test may put others in their place. */
export interface FileCalls {
  /** As `fs.readSync`. */
  read(fd: number, into: Uint8Array, at: number, length: number, position: number): number;
  /** As `fs.writeSync`. */
  write(fd: number, from: Uint8Array, at: number, length: number, position: number): number;
  /** As `fs.fsyncSync`. */
  sync(fd: number): void;
  /** As `fs.fdatasyncSync`. */
  dataSync(fd: number): void;
  /** Punches a hole; false when that is not to be had, for this file or on this system. */
  punch(fd: number, position: number, length: number): boolean;
}

const systemCalls: FileCalls = {
  read: readSync,
  write: writeSync,
  sync: fsyncSync,
  dataSync: fdatasyncSync,
  punch: punchBySystem,
};

/** The system's program punches a hole into the open file, which it is handed. */
function punchBySystem(fd: number, position: number, length: number): boolean {
  if (process.platform !== 'linux') return false;
  const range = ['--punch-hole', '--offset', String(position), '--length', String(length)];
  const stdio = ['ignore', 'ignore', 'ignore', fd] as const;
  return spawnSync('fallocate', [...range, '/proc/self/fd/3'], { stdio: [...stdio] }).status === 0;
}

/** An open file of the system as a {@link FileHandle}. */
export class NodeFileHandle implements FileHandle {
  readonly path: string;
  readonly size: number;
  readonly readOnly: boolean;
  readonly #file: SyncFile;
  readonly #store: NodeStore;

  /**
   * Opens `path`, or makes it when it is not there and a size is given. Never shrinks, grows or replaces an existing file.
   *
   * @throws ConfigError when the file cannot be opened or made, is no regular file, or has another size
   */
  constructor(
    executor: Executor,
    path: string,
    options: NodeFileOptions = {},
    calls: FileCalls = systemCalls,
  ) {
    const { size, buffered = false, readOnly = false, costs } = options;
    if (size !== undefined && !(Number.isSafeInteger(size) && size > 0)) {
      throw new ConfigError('file.size', size, 'a whole number of bytes, 1 and more');
    }
    const fd = openOrMake(path, size, buffered, readOnly);
    const actual = checkFile(fd, path, size);
    this.path = path;
    this.size = actual;
    this.readOnly = readOnly;
    const isDurable = !buffered && constants.O_DSYNC !== undefined;
    this.#store = new NodeStore(fd, actual, readOnly, isDurable, calls);
    this.#file = new SyncFile(
      executor,
      'node-file',
      this.#store,
      costs === undefined ? {} : { costs },
    );
  }

  /** How often each operation reached the file. */
  counters(): FileCounters {
    return this.#file.counters();
  }

  /** What a punch does to the file: `holes` give their blocks back, `zeroes` are written. Known for certain after the first one. */
  get punches(): 'holes' | 'zeroes' {
    return this.#store.hasHoles ? 'holes' : 'zeroes';
  }

  submit(request: FileRequest): void {
    this.#file.submit(request);
  }

  close(): void {
    this.#file.close();
  }
}

/** Reads and writes at positions, a chunk at a time, until all bytes have moved. */
class NodeStore implements FileStore {
  readonly size: number;
  readonly readOnly: boolean;
  readonly #fd: number;
  /** The file is open with O_DSYNC. */
  readonly #isDurable: boolean;
  readonly #calls: FileCalls;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  /** Holes can be punched, as far as is known. */
  hasHoles = true;

  constructor(fd: number, size: number, readOnly: boolean, isDurable: boolean, calls: FileCalls) {
    this.#fd = fd;
    this.size = size;
    this.readOnly = readOnly;
    this.#isDurable = isDurable;
    this.#calls = calls;
  }

  read(offset: number, length: number, memory: GuestMemory, data: SgList): Errno {
    if (!sgIsMapped(memory, data)) return Errno.fault;
    for (let done = 0; done < length; ) {
      const take = Math.min(CHUNK_BYTES, length - done);
      const errno = this.#readChunk(offset + done, take);
      if (errno !== Errno.ok) return errno;
      storeSg(memory, data, done, this.#chunk, 0, take);
      done += take;
    }
    return Errno.ok;
  }

  write(
    offset: number,
    length: number,
    durable: boolean,
    memory: GuestMemory,
    data: SgList,
  ): Errno {
    if (!sgIsMapped(memory, data)) return Errno.fault;
    for (let done = 0; done < length; ) {
      const take = Math.min(CHUNK_BYTES, length - done);
      loadSg(memory, data, done, this.#chunk, 0, take);
      const errno = this.#writeChunk(offset + done, take);
      if (errno !== Errno.ok) return errno;
      done += take;
    }
    return durable && !this.#isDurable ? this.dataSync() : Errno.ok;
  }

  sync(): Errno {
    return attempt(() => this.#calls.sync(this.#fd));
  }

  /** The system has no call for a range. */
  dataSync(): Errno {
    return attempt(() => this.#calls.dataSync(this.#fd));
  }

  punch(offset: number, length: number): Errno {
    if (length === 0) return Errno.ok;
    if (this.hasHoles) this.hasHoles = this.#calls.punch(this.#fd, offset, length);
    if (this.hasHoles) return Errno.ok;
    this.#chunk.fill(0);
    for (let done = 0; done < length; ) {
      const take = Math.min(CHUNK_BYTES, length - done);
      const errno = this.#writeChunk(offset + done, take);
      if (errno !== Errno.ok) return errno;
      done += take;
    }
    return Errno.ok;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readChunk(position: number, length: number): Errno {
    return this.#moveAll(length, (at) =>
      this.#calls.read(this.#fd, this.#chunk, at, length - at, position + at),
    );
  }

  #writeChunk(position: number, length: number): Errno {
    return this.#moveAll(length, (at) =>
      this.#calls.write(this.#fd, this.#chunk, at, length - at, position + at),
    );
  }

  /** Calls until `length` bytes have moved: a call may move fewer, or be interrupted. No byte at all is an I/O error. */
  #moveAll(length: number, move: (at: number) => number): Errno {
    for (let at = 0; at < length; ) {
      let moved = 0;
      const errno = attempt(() => {
        moved = move(at);
      });
      if (errno !== Errno.ok) return errno;
      if (moved <= 0) return Errno.io;
      at += moved;
    }
    return Errno.ok;
  }
}

/** Error codes of the system by name. */
const errnos: Readonly<Record<string, Errno>> = {
  EIO: Errno.io,
  EAGAIN: Errno.again,
  ENOMEM: Errno.noMemory,
  EFAULT: Errno.fault,
  EBUSY: Errno.busy,
  EINVAL: Errno.invalid,
  EFBIG: Errno.fileTooLarge,
  ENOSPC: Errno.noSpace,
  EDQUOT: Errno.noSpace,
  EROFS: Errno.readOnly,
  ETIMEDOUT: Errno.timedOut,
  EOPNOTSUPP: Errno.notSupported,
  ENOTSUP: Errno.notSupported,
};

/** Calls until it is not interrupted; an unknown error is an I/O error. */
function attempt(call: () => void): Errno {
  for (;;) {
    try {
      call();
      return Errno.ok;
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      if (code !== 'EINTR') return errnos[code] ?? Errno.io;
    }
  }
}

/** The name of a system error, or `undefined` for an error of another kind. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function openOrMake(
  path: string,
  size: number | undefined,
  buffered: boolean,
  readOnly: boolean,
): number {
  const dsync = buffered || readOnly ? 0 : (constants.O_DSYNC ?? 0);
  // Without O_NONBLOCK a FIFO would hang the call; a regular file does not care.
  const access = (readOnly ? constants.O_RDONLY : constants.O_RDWR) | (constants.O_NONBLOCK ?? 0);
  try {
    return openSync(path, access | dsync);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' || readOnly || size === undefined) {
      const wanted = readOnly ? 'a file that can be read' : 'a file that can be read and written';
      const why = code ?? String(error);
      const hint = code === 'ENOENT' && size === undefined ? ', or a size to make it with' : '';
      throw new ConfigError('file.path', path, `${wanted}${hint} (${why})`);
    }
    return make(path, size, access | dsync);
  }
}

/** Makes the file and sees to it that it will be found again; leaves nothing behind when that fails. */
function make(path: string, size: number, flags: number): number {
  let fd = -1;
  try {
    fd = openSync(path, flags | constants.O_CREAT | constants.O_EXCL, 0o644);
    ftruncateSync(fd, size);
    fsyncSync(fd);
    syncDirectory(dirname(path));
    return fd;
  } catch (error) {
    if (fd >= 0) {
      closeSync(fd);
      unlinkSync(path);
    }
    const expected = `a place for a file of ${size} bytes (${codeOf(error) ?? String(error)})`;
    throw new ConfigError('file.path', path, expected);
  }
}

/** Makes the new name durable, where the system can open directories. */
export function syncDirectory(path: string): void {
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY);
    fsyncSync(fd);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** The size of the open file. Closes it and throws when it cannot be used. */
function checkFile(fd: number, path: string, size: number | undefined): number {
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new ConfigError('file.path', path, 'a regular file');
  }
  if (size !== undefined && stat.size !== size) {
    closeSync(fd);
    const expected = `a file of ${size} bytes; it has ${stat.size} and is left as it is`;
    throw new ConfigError('file.path', path, expected);
  }
  return stat.size;
}
