/** A file handle over a store that answers at once: what every synchronous file has in common. */
import { assert } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Executor } from '../interfaces/executor.ts';
import { Errno, type FileHandle, FileOp, type FileRequest } from '../interfaces/file-handle.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { copyCostNs } from './geometry.ts';
import { ServiceQueue, Turn } from './service-queue.ts';

/** The bytes of a file, reached by calls that return when they are done. Ranges lie inside the file and the list. */
export interface FileStore {
  readonly size: number;
  readonly readOnly: boolean;
  /** Store to memory. */
  read(offset: number, length: number, memory: GuestMemory, data: SgList): Errno;
  /** With `durable` the bytes survive a power cut when the call returns. */
  write(offset: number, length: number, durable: boolean, memory: GuestMemory, data: SgList): Errno;
  /** Makes all writes durable. */
  sync(): Errno;
  /** Makes the writes to a range durable. */
  dataSync(offset: number, length: number): Errno;
  /** Makes a range read as zeroes. */
  punch(offset: number, length: number): Errno;
  /** Lets go of it. */
  close(): void;
}

/** How often each operation reached the store. */
export interface FileCounters {
  readonly reads: number;
  /** Writes, the durable ones included. */
  readonly writes: number;
  readonly durableWrites: number;
  readonly syncs: number;
  readonly dataSyncs: number;
  readonly punches: number;
}

/** What a request costs in virtual time, when the store has no latency of its own. */
export interface SyncFileOptions {
  /** `targetCommandNs` and `copyPageNs` are charged; none by default. */
  readonly costs?: CostTable;
}

/** Serves requests one after the other from a {@link FileStore}. */
export class SyncFile implements FileHandle {
  readonly size: number;
  readonly readOnly: boolean;
  readonly #store: FileStore;
  readonly #costs: CostTable;
  readonly #queue: ServiceQueue<FileRequest>;
  readonly #counts = new Float64Array(6);
  #isOpen = true;

  constructor(executor: Executor, owner: string, store: FileStore, options: SyncFileOptions = {}) {
    this.size = store.size;
    this.readOnly = store.readOnly;
    this.#store = store;
    this.#costs = options.costs ?? NO_COSTS;
    this.#queue = new ServiceQueue(executor, owner, (request, turn) => this.#serve(request, turn));
  }

  /** How often each operation reached the store. */
  counters(): FileCounters {
    const [reads = 0, writes = 0, syncs = 0, dataSyncs = 0, punches = 0, durableWrites = 0] =
      this.#counts;
    return { reads, writes, durableWrites, syncs, dataSyncs, punches };
  }

  submit(request: FileRequest): void {
    assert(this.#isOpen, 'a file takes requests while it is open');
    const bytes = request.op <= FileOp.write ? request.length : 0;
    this.#queue.push(request, this.#costs.targetCommandNs + copyCostNs(this.#costs, bytes));
  }

  close(): void {
    assert(this.#queue.count === 0, 'a file is closed with nothing in flight');
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#store.close();
  }

  /** The request that waits `ahead` places behind the next one. */
  waiting(ahead: number): FileRequest | undefined {
    return this.#queue.peek(ahead);
  }

  /** Ends all that wait with an I/O error, at this instant and without reaching the store. */
  failWaiting(): void {
    this.#queue.reset(() => undefined);
  }

  #serve(request: FileRequest, turn: Turn): void {
    request.errno = turn === Turn.serve ? this.#execute(request) : errnoOfTurn(turn);
    request.end(request);
  }

  #execute(request: FileRequest): Errno {
    const { op, offset, length, memory, data } = request;
    if (!this.#isAllowed(request)) {
      return this.readOnly && (op === FileOp.write || op === FileOp.punch)
        ? Errno.readOnly
        : Errno.invalid;
    }
    this.#counts[op]! += 1;
    switch (op) {
      case FileOp.read:
        return this.#store.read(offset, length, memory, data);
      case FileOp.write:
        if (request.durable) this.#counts[5]! += 1;
        return this.#store.write(offset, length, request.durable, memory, data);
      case FileOp.sync:
        return this.#store.sync();
      case FileOp.dataSync:
        return this.#store.dataSync(offset, length);
      default:
        return this.#store.punch(offset, length);
    }
  }

  #isAllowed({ op, offset, length, data }: FileRequest): boolean {
    if (op === FileOp.sync) return true;
    if (this.readOnly && (op === FileOp.write || op === FileOp.punch)) return false;
    if (!(offset >= 0 && length >= 0 && length <= this.size && offset <= this.size - length)) {
      return false;
    }
    return op > FileOp.write || data.byteLength >= length;
  }
}

function errnoOfTurn(turn: Turn): Errno {
  return turn === Turn.refuse ? Errno.again : Errno.io;
}
