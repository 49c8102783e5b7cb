/** Any backend, with counters: how much of what it did, how it ended, and how long it took in virtual time. */
import type { SgList } from '../base/sg-list.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { AbortResult } from '../interfaces/request.ts';
import { type Geometry, type TargetCommand, TargetOp, TargetStatus } from '../interfaces/target.ts';

/** What became of the commands of one operation. */
export interface OpStatistics {
  /** Commands that have ended, those that failed included. */
  readonly commands: number;
  /** Commands that ended with another status than `good`. */
  readonly failed: number;
  /** Bytes of the commands that ended well. */
  readonly bytes: number;
  /** Virtual nanoseconds from `submit` to `end`, all commands together. */
  readonly totalNs: number;
  /** The longest of them. */
  readonly longestNs: number;
}

/** What a backend has done since it was made, or since {@link StatisticsBackend.clear}. */
export interface BackendStatistics {
  readonly inFlight: number;
  /** The most that were in flight at once. */
  readonly mostInFlight: number;
  /** By operation. */
  readonly ops: Readonly<Record<keyof typeof TargetOp, OpStatistics>>;
}

const OPS = Object.keys(TargetOp).length;

/** Counts what passes through to the inner backend. */
export class StatisticsBackend implements Backend {
  readonly geometry: Geometry;
  readonly #inner: Backend;
  readonly #executor: Executor;
  readonly #slots: CountedCommand[] = [];
  readonly #free: CountedCommand[] = [];
  readonly #end: (command: TargetCommand) => void;
  readonly #commands = new Float64Array(OPS);
  readonly #failed = new Float64Array(OPS);
  readonly #bytes = new Float64Array(OPS);
  readonly #totalNs = new Float64Array(OPS);
  readonly #longestNs = new Float64Array(OPS);
  #mostInFlight = 0;

  constructor(inner: Backend, executor: Executor) {
    this.geometry = inner.geometry;
    this.#inner = inner;
    this.#executor = executor;
    this.#end = (command) => this.#ended(command as CountedCommand);
  }

  /** The counters as they are now. */
  statistics(): BackendStatistics {
    const entries = Object.entries(TargetOp).map(([name, op]) => [name, this.#of(op)]);
    return {
      inFlight: this.#inFlight,
      mostInFlight: this.#mostInFlight,
      ops: Object.fromEntries(entries) as BackendStatistics['ops'],
    };
  }

  /** Begins to count anew; what is in flight counts when it ends. */
  clear(): void {
    for (const counter of [this.#commands, this.#failed, this.#bytes]) counter.fill(0);
    this.#totalNs.fill(0);
    this.#longestNs.fill(0);
    this.#mostInFlight = this.#inFlight;
  }

  submit(command: TargetCommand): void {
    const slot = this.#free.pop() ?? this.#makeSlot(command);
    slot.take(command, this.#executor.now);
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    this.#inner.submit(slot);
  }

  abort(command: TargetCommand): AbortResult {
    for (const slot of this.#slots) {
      if (slot.outer === command) return this.#inner.abort(slot);
    }
    return AbortResult.unknown;
  }

  reset(done: () => void): void {
    this.#inner.reset(done);
  }

  close(): void {
    this.#inner.close();
  }

  get #inFlight(): number {
    return this.#slots.length - this.#free.length;
  }

  #of(op: TargetOp): OpStatistics {
    return {
      commands: this.#commands[op]!,
      failed: this.#failed[op]!,
      bytes: this.#bytes[op]!,
      totalNs: this.#totalNs[op]!,
      longestNs: this.#longestNs[op]!,
    };
  }

  #makeSlot(first: TargetCommand): CountedCommand {
    const slot = new CountedCommand(first, this.#end);
    this.#slots.push(slot);
    return slot;
  }

  #ended(slot: CountedCommand): void {
    const outer = slot.outer!;
    const { op } = outer;
    const tookNs = this.#executor.now - slot.startNs;
    this.#commands[op]! += 1;
    if (slot.status === TargetStatus.good)
      this.#bytes[op]! += outer.blockCount * this.geometry.blockBytes;
    else this.#failed[op]! += 1;
    this.#totalNs[op]! += tookNs;
    if (tookNs > this.#longestNs[op]!) this.#longestNs[op] = tookNs;
    outer.status = slot.status;
    slot.outer = undefined;
    this.#free.push(slot);
    outer.end(outer);
  }
}

/** The command that the inner backend is handed. */
class CountedCommand implements TargetCommand {
  outer: TargetCommand | undefined = undefined;
  startNs = 0;
  ioId = 0;
  op: TargetOp = TargetOp.read;
  lba = 0;
  blockCount = 0;
  flags = 0;
  memory: GuestMemory;
  data: SgList;
  status: TargetStatus = TargetStatus.good;
  readonly end: (command: TargetCommand) => void;

  constructor(first: TargetCommand, end: (command: TargetCommand) => void) {
    this.memory = first.memory;
    this.data = first.data;
    this.end = end;
  }

  take(outer: TargetCommand, nowNs: number): void {
    this.outer = outer;
    this.startNs = nowNs;
    this.ioId = outer.ioId;
    this.op = outer.op;
    this.lba = outer.lba;
    this.blockCount = outer.blockCount;
    this.flags = outer.flags;
    this.memory = outer.memory;
    this.data = outer.data;
  }
}
