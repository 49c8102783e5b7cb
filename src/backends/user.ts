/**
 * A backend of the user's own in a few lines: a store that moves bytes at offsets and says when it has done so.
 *
 * The backend has the laws of `request.ts`, limits, aborts and resets; the store has neither commands nor guest memory, only arrays of
 * bytes. Does not model: costs (the time that passes until the store says `done` is the time that it takes).
 */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor } from '../interfaces/executor.ts';
import { Errno } from '../interfaces/file-handle.ts';
import { AbortResult } from '../interfaces/request.ts';
import {
  type Geometry,
  type TargetCommand,
  TargetFlag,
  TargetOp,
  TargetStatus,
} from '../interfaces/target.ts';
import { loadSg, sgIsMapped, storeSg } from '../memory/sg-copy.ts';
import { Drain } from './drain.ts';
import { blockCountOf, checkBlockBytes } from './geometry.ts';
import { SERVICE_QUEUE_DEPTH, ServiceQueue } from './service-queue.ts';
import { statusOfErrno } from './status-maps.ts';

/** Most bytes of one read or write of a user's store. */
export const USER_MAX_TRANSFER_BYTES = 1024 * 1024;

/** Says that an operation is over: well, or with an errno of Linux. Called exactly once, inside the call or later. */
export type UserDone = (errno?: Errno) => void;

/**
 * What stores the bytes. Offsets and lengths are bytes, multiples of the block, and lie inside the store.
 *
 * The arrays are lent until `done`. After `flush`, and after a write with `durable`, the data is durable; a store that has no `flush`
 * has no write cache, and all its writes are.
 */
export interface UserStore {
  /** Size in bytes, a multiple of the block. */
  readonly sizeBytes: number;
  /** 512 (default) or 4096. */
  readonly blockBytes?: number;
  /** Writes are refused before they reach the store. */
  readonly readOnly?: boolean;
  /** Fills `into` from `offset` on. */
  read(offset: number, into: Uint8Array, done: UserDone): void;
  /** Stores `from` at `offset`. */
  write(offset: number, from: Uint8Array, durable: boolean, done: UserDone): void;
  /** Makes durable what was written before. */
  flush?(done: UserDone): void;
  /** Makes a range read as zeroes: unmap and write zeroes. Where it is missing they are not offered. */
  zero?(offset: number, length: number, done: UserDone): void;
}

/** Serves commands from a {@link UserStore}. */
export class UserBackend implements Backend {
  readonly geometry: Geometry;
  readonly #store: UserStore;
  readonly #drain: Drain;
  readonly #slots: UserSlot[] = [];
  readonly #free: UserSlot[] = [];
  /** Commands that are over, each with its status, on their way to `end`. */
  readonly #over: ServiceQueue<UserSlot>;
  readonly #refused: ServiceQueue<TargetCommand>;

  /** @throws ConfigError when the size is not a whole number of blocks */
  constructor(executor: Executor, store: UserStore) {
    const blockBytes = checkBlockBytes(store.blockBytes);
    const readOnly = store.readOnly ?? false;
    const canZero = store.zero !== undefined && !readOnly;
    this.#store = store;
    this.geometry = {
      blockBytes,
      blockCount: blockCountOf(store.sizeBytes, blockBytes),
      maxTransferBlocks: USER_MAX_TRANSFER_BYTES / blockBytes,
      writeCache: store.flush !== undefined,
      fua: true,
      readOnly,
      unmap: canZero,
      writeZeroes: canZero,
    };
    this.#drain = new Drain(executor, 'user');
    // The queue's own limit is above the number of slots: nothing that is over is refused.
    const end = (slot: UserSlot): void => this.#end(slot);
    this.#over = new ServiceQueue<UserSlot>(executor, 'user', end, SERVICE_QUEUE_DEPTH + 1);
    this.#refused = new ServiceQueue<TargetCommand>(executor, 'user', (command) => {
      command.status = TargetStatus.busy;
      command.end(command);
    });
  }

  submit(command: TargetCommand): void {
    const slot = this.#free.pop() ?? this.#makeSlot();
    if (slot === undefined) {
      this.#refused.push(command, 0);
      return;
    }
    slot.command = command;
    slot.epoch = this.#drain.enter();
    slot.isWithStore = true;
    this.#start(slot, command);
  }

  /** The store takes no operation back: the answer is `tooLate` or `unknown`. */
  abort(command: TargetCommand): AbortResult {
    const isHere = this.#slots.some((slot) => slot.command === command);
    return isHere || this.#refused.has(command) ? AbortResult.tooLate : AbortResult.unknown;
  }

  reset(done: () => void): void {
    this.#drain.reset(() => this.#refused.reset(done));
  }

  close(): void {
    assert(this.#drain.count === 0, 'a backend is closed with nothing in flight');
  }

  #start(slot: UserSlot, { op, lba, blockCount, flags, memory, data }: TargetCommand): void {
    const { blockBytes, writeCache } = this.geometry;
    const offset = lba * blockBytes;
    const length = blockCount * blockBytes;
    const durable = !writeCache || (flags & TargetFlag.fua) !== 0;
    if (op <= TargetOp.write && !sgIsMapped(memory, data)) {
      slot.done(Errno.fault);
      return;
    }
    switch (op) {
      case TargetOp.read:
        this.#store.read(offset, slot.room(length), slot.done);
        return;
      case TargetOp.write:
        loadSg(memory, data, 0, slot.room(length), 0, length);
        this.#store.write(offset, slot.bytes, durable, slot.done);
        return;
      case TargetOp.flush:
        if (this.#store.flush === undefined) slot.done();
        else this.#store.flush(slot.done);
        return;
      default:
        slot.flushesAfter = durable && writeCache;
        if (this.#store.zero === undefined) slot.done(Errno.notSupported);
        else this.#store.zero(offset, length, slot.done);
    }
  }

  #done(slot: UserSlot, errno: Errno): void {
    assert(slot.isWithStore, 'a store calls done once for each operation');
    if (slot.flushesAfter && errno === Errno.ok) {
      slot.flushesAfter = false;
      this.#store.flush?.(slot.done);
      return;
    }
    const command = slot.command!;
    slot.isWithStore = false;
    slot.flushesAfter = false;
    slot.status = statusOfErrno(errno, command.op);
    if (command.op === TargetOp.read && errno === Errno.ok) {
      storeSg(command.memory, command.data, 0, slot.bytes, 0, slot.bytes.length);
    }
    this.#over.push(slot, 0);
  }

  #end(slot: UserSlot): void {
    const command = slot.command!;
    command.status = slot.status;
    slot.command = undefined;
    this.#drain.leave(slot.epoch);
    this.#free.push(slot);
    command.end(command);
  }

  #makeSlot(): UserSlot | undefined {
    if (this.#slots.length === SERVICE_QUEUE_DEPTH) return undefined;
    const slot = new UserSlot((each, errno) => this.#done(each, errno));
    this.#slots.push(slot);
    return slot;
  }
}

/** One command in flight, with the bytes that the store is lent. */
class UserSlot {
  command: TargetCommand | undefined = undefined;
  epoch = 0;
  /** The store has not said `done`. */
  isWithStore = false;
  /** A flush follows before the command ends. */
  flushesAfter = false;
  status: TargetStatus = TargetStatus.good;
  bytes = new Uint8Array(0);
  readonly done: UserDone;
  #buffer = new Uint8Array(4096);

  constructor(done: (slot: UserSlot, errno: Errno) => void) {
    this.done = (errno = Errno.ok) => done(this, errno);
  }

  /** `length` bytes to lend. */
  room(length: number): Uint8Array {
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    if (this.bytes.length !== length) this.bytes = this.#buffer.subarray(0, length);
    return this.bytes;
  }
}
