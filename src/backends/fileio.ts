/**
 * FILEIO: a unit in a file.
 *
 * By default every write is durable when it ends (O_DSYNC), and there is no write cache. With `bufferedIo` (`fd_buffered_io`) a write
 * is durable after a flush; for FUA the data is written and then the range is synced, as LIO does.
 * Does not model: protection information, write same by repeated vectors, the immediate bit of a flush.
 */
import { assert, ConfigError } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor } from '../interfaces/executor.ts';
import { Errno, type FileHandle, FileOp, type FileRequest } from '../interfaces/file-handle.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { AbortResult } from '../interfaces/request.ts';
import {
  type Geometry,
  type TargetCommand,
  TargetFlag,
  TargetOp,
  TargetStatus,
} from '../interfaces/target.ts';
import { Drain } from './drain.ts';
import { checkBlockBytes } from './geometry.ts';
import { SERVICE_QUEUE_DEPTH, ServiceQueue } from './service-queue.ts';
import { statusOfErrno } from './status-maps.ts';

/** Most bytes of one read or write. */
export const FILEIO_MAX_TRANSFER_BYTES = 8 * 1024 * 1024;

/** How FILEIO is made. */
export interface FileioOptions {
  /** Bytes of one logical block: 512 (default) or 4096. */
  readonly blockBytes?: number;
  /** `fd_buffered_io`: a write cache, durable by flush and FUA alone. Off by default. */
  readonly bufferedIo?: boolean;
}

/** Puts a unit into an open file. The file is the backend's from then on; `close` closes it. */
export class FileioBackend implements Backend {
  readonly geometry: Geometry;
  readonly #file: FileHandle;
  readonly #blockBytes: number;
  readonly #buffered: boolean;
  readonly #drain: Drain;
  readonly #refused: ServiceQueue<TargetCommand>;
  readonly #slots: FileSlot[] = [];
  readonly #free: FileSlot[] = [];
  readonly #endSlot: (request: FileRequest) => void;

  /** @throws ConfigError when the file is not a whole number of blocks */
  constructor(executor: Executor, file: FileHandle, options: FileioOptions = {}) {
    const blockBytes = checkBlockBytes(options.blockBytes);
    if (file.size < blockBytes || file.size % blockBytes !== 0) {
      const expected = `a file of a multiple of the block, ${blockBytes} bytes`;
      throw new ConfigError('backend.file.size', file.size, expected);
    }
    this.#file = file;
    this.#blockBytes = blockBytes;
    this.#buffered = options.bufferedIo ?? false;
    this.geometry = {
      blockBytes,
      blockCount: file.size / blockBytes,
      maxTransferBlocks: FILEIO_MAX_TRANSFER_BYTES / blockBytes,
      writeCache: this.#buffered,
      fua: true,
      readOnly: file.readOnly,
      unmap: !file.readOnly,
      writeZeroes: !file.readOnly,
    };
    this.#drain = new Drain(executor, 'fileio');
    this.#refused = new ServiceQueue<TargetCommand>(executor, 'fileio', (command) => {
      command.status = TargetStatus.busy;
      command.end(command);
    });
    this.#endSlot = (request) => this.#ended(request as FileSlot);
  }

  submit(command: TargetCommand): void {
    const slot = this.#free.pop() ?? this.#makeSlot(command);
    if (slot === undefined) {
      this.#refused.push(command, 0);
      return;
    }
    const { op } = command;
    const isChange = op !== TargetOp.read && op !== TargetOp.flush;
    const isDurable = isChange && (!this.#buffered || (command.flags & TargetFlag.fua) !== 0);
    slot.command = command;
    slot.epoch = this.#drain.enter();
    slot.ioId = command.ioId;
    slot.op = this.#fileOp(command);
    slot.offset = command.lba * this.#blockBytes;
    slot.length = command.blockCount * this.#blockBytes;
    slot.memory = command.memory;
    slot.data = command.data;
    slot.durable = isDurable && !this.#buffered && op === TargetOp.write;
    slot.syncsAfter = isDurable && !slot.durable;
    this.#file.submit(slot);
  }

  /** A file takes no request back: the answer is `tooLate` or `unknown`. */
  abort(command: TargetCommand): AbortResult {
    const isHere = this.#slots.some((slot) => slot.command === command);
    return isHere || this.#refused.has(command) ? AbortResult.tooLate : AbortResult.unknown;
  }

  reset(done: () => void): void {
    this.#drain.reset(() => this.#refused.reset(done));
  }

  close(): void {
    assert(this.#drain.count === 0, 'a backend is closed with nothing in flight');
    this.#file.close();
  }

  #fileOp({ op, blockCount }: TargetCommand): FileOp {
    switch (op) {
      case TargetOp.read:
        return FileOp.read;
      case TargetOp.write:
        return FileOp.write;
      case TargetOp.flush:
        return blockCount === 0 ? FileOp.sync : FileOp.dataSync;
      default:
        return FileOp.punch;
    }
  }

  #ended(slot: FileSlot): void {
    if (slot.syncsAfter && slot.errno === Errno.ok) {
      slot.syncsAfter = false;
      slot.op = FileOp.dataSync;
      this.#file.submit(slot);
      return;
    }
    const command = slot.command!;
    command.status = statusOfErrno(slot.errno, command.op);
    slot.command = undefined;
    this.#drain.leave(slot.epoch);
    this.#free.push(slot);
    command.end(command);
  }

  #makeSlot(first: TargetCommand): FileSlot | undefined {
    if (this.#slots.length === SERVICE_QUEUE_DEPTH) return undefined;
    const slot = new FileSlot(first, this.#endSlot);
    this.#slots.push(slot);
    return slot;
  }
}

/** One command in flight, as the file sees it. */
class FileSlot implements FileRequest {
  command: TargetCommand | undefined = undefined;
  epoch = 0;
  /** The range is synced before the command ends. */
  syncsAfter = false;
  ioId = 0;
  op: FileOp = FileOp.read;
  offset = 0;
  length = 0;
  memory: GuestMemory;
  data: SgList;
  durable = false;
  errno: Errno = Errno.ok;
  readonly end: (request: FileRequest) => void;

  constructor(first: TargetCommand, end: (request: FileRequest) => void) {
    this.memory = first.memory;
    this.data = first.data;
    this.end = end;
  }
}
