/** A unit straight on a medium: the inside of an SSD. Each command takes the time that a latency profile says. */
import { assert, ConfigError } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import type { Medium } from '../interfaces/medium.ts';
import { AbortResult } from '../interfaces/request.ts';
import {
  type Geometry,
  type TargetCommand,
  TargetFlag,
  TargetOp,
  TargetStatus,
} from '../interfaces/target.ts';
import { makeTask } from '../sim/task.ts';
import { Drain } from './drain.ts';
import { SERVICE_QUEUE_DEPTH } from './service-queue.ts';
import { statusOfMedium } from './status-maps.ts';

/** Most bytes of one read or write. */
export const MEDIUM_MAX_TRANSFER_BYTES = 16 * 1024 * 1024;

/** How a medium backend is made. */
export interface MediumBackendOptions {
  /** How long accesses take; no time at all by default. */
  readonly latency?: LatencyProfile;
  /** Commands at work at once; one more ends with `busy`. */
  readonly queueDepth?: number;
}

/** Serves commands from a medium, each after its own latency; one that waits can be aborted. */
export class MediumBackend implements Backend {
  readonly geometry: Geometry;
  readonly #executor: Executor;
  readonly #medium: Medium;
  readonly #latency: LatencyProfile | undefined;
  readonly #queueDepth: number;
  readonly #drain: Drain;
  readonly #slots: MediumSlot[] = [];
  readonly #free: MediumSlot[] = [];
  #busySlots = 0;

  /** @throws ConfigError unless the sectors of the medium are 512 or 4096 bytes */
  constructor(executor: Executor, medium: Medium, options: MediumBackendOptions = {}) {
    const blockBytes = medium.sectorBytes;
    if (blockBytes !== 512 && blockBytes !== 4096) {
      throw new ConfigError('backend.medium.sectorBytes', blockBytes, '512 or 4096');
    }
    this.#executor = executor;
    this.#medium = medium;
    this.#latency = options.latency;
    this.#queueDepth = options.queueDepth ?? SERVICE_QUEUE_DEPTH;
    this.#drain = new Drain(executor, 'medium-backend');
    this.geometry = {
      blockBytes,
      blockCount: medium.sectorCount,
      maxTransferBlocks: MEDIUM_MAX_TRANSFER_BYTES / blockBytes,
      writeCache: medium.writeCache,
      fua: true,
      readOnly: false,
      unmap: true,
      writeZeroes: true,
    };
  }

  submit(command: TargetCommand): void {
    const slot = this.#free.pop() ?? this.#makeSlot();
    slot.command = command;
    slot.epoch = this.#drain.enter();
    this.#busySlots += 1;
    slot.verdict = this.#busySlots > this.#queueDepth ? TargetStatus.busy : TargetStatus.good;
    const dueNs = slot.verdict === TargetStatus.good ? this.#dueNs(command) : this.#executor.now;
    this.#executor.schedule(slot.task, dueNs);
  }

  abort(command: TargetCommand): AbortResult {
    const slot = this.#slots.find((each) => each.command === command);
    if (slot === undefined) return AbortResult.unknown;
    if (slot.verdict !== TargetStatus.good) return AbortResult.tooLate;
    this.#abortSlot(slot);
    return AbortResult.aborted;
  }

  reset(done: () => void): void {
    for (const slot of this.#slots) {
      if (slot.command !== undefined && slot.verdict === TargetStatus.good) this.#abortSlot(slot);
    }
    this.#drain.reset(done);
  }

  close(): void {
    assert(this.#drain.count === 0, 'a backend is closed with nothing in flight');
  }

  #abortSlot(slot: MediumSlot): void {
    slot.verdict = TargetStatus.aborted;
    this.#executor.schedule(slot.task, this.#executor.now);
  }

  #dueNs({ op, lba, blockCount }: TargetCommand): number {
    const now = this.#executor.now;
    if (this.#latency === undefined) return now;
    if (op === TargetOp.flush) return now + this.#latency.flushNs(now);
    const byteCount = op <= TargetOp.write ? blockCount * this.geometry.blockBytes : 0;
    return this.#latency.accessNs(now, op !== TargetOp.read, lba, byteCount) + now;
  }

  #finish(slot: MediumSlot): void {
    const command = slot.command!;
    command.status = slot.verdict === TargetStatus.good ? this.#execute(command) : slot.verdict;
    slot.command = undefined;
    this.#busySlots -= 1;
    this.#drain.leave(slot.epoch);
    this.#free.push(slot);
    command.end(command);
  }

  #execute({ op, lba, blockCount, flags, memory, data }: TargetCommand): TargetStatus {
    const fua = (flags & TargetFlag.fua) !== 0;
    switch (op) {
      case TargetOp.read:
        return statusOfMedium(this.#medium.read(lba, blockCount, memory, data, 0));
      case TargetOp.write:
        return statusOfMedium(this.#medium.write(lba, blockCount, fua, memory, data, 0));
      case TargetOp.flush:
        return statusOfMedium(this.#medium.flush());
      default:
        return statusOfMedium(this.#medium.zero(lba, blockCount, fua));
    }
  }

  #makeSlot(): MediumSlot {
    const slot = new MediumSlot((each) => this.#finish(each));
    this.#slots.push(slot);
    return slot;
  }
}

/** One command at work. */
class MediumSlot {
  command: TargetCommand | undefined = undefined;
  epoch = 0;
  /** `good` while the command is to be executed, otherwise how it ends instead. */
  verdict: TargetStatus = TargetStatus.good;
  readonly task: Task;

  constructor(finish: (slot: MediumSlot) => void) {
    this.task = makeTask('medium-backend', () => finish(this));
  }
}
