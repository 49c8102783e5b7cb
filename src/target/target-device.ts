/**
 * A logical unit of the LIO core: `se_device` with a backend under it.
 *
 * Checks each command, keeps a slot for it while the backend works, and gives the answer back.
 * Its attributes decide what of the backend's abilities it offers, and when a write is durable.
 * Does not model: reservations, ALUA, unit attentions, T10 PI; a read-only unit is one whose backend says so.
 */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor } from '../interfaces/executor.ts';
import { AbortResult } from '../interfaces/request.ts';
import {
  type Geometry,
  type TargetCommand,
  TargetFlag,
  TargetOp,
  type TargetPort,
  TargetStatus,
} from '../interfaces/target.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { EndQueue } from './end-queue.ts';
import { SeCmd, SeCmdState } from './se-cmd.ts';
import { Durable, durableWhen, geometryWith, type UnitAttributes } from './unit-attributes.ts';

/** Commands that a device works on at once, unless it is told otherwise. */
export const TARGET_QUEUE_DEPTH = 4096;
/** The largest queue depth of a device. */
export const MAX_TARGET_QUEUE_DEPTH = 65_536;

/** How a device is made. */
export interface TargetDeviceOptions {
  /** Commands in flight at once; one more ends with `busy`. */
  readonly queueDepth?: number;
  /** Attributes of the device; without them the unit is what its backend is, and FUA is honoured. */
  readonly attributes?: UnitAttributes;
  /** Sees `submit` (LBA, blocks) and `end` (status, blocks). */
  readonly tracer?: Tracer;
}

/** What a device has done since it was made. */
export interface TargetDeviceCounters {
  /** Commands taken, those refused included. */
  readonly commands: number;
  /** Commands in the backend now. */
  readonly inFlight: number;
}

/** Puts a backend behind the checks and the life cycle of the LIO core. */
export class TargetDevice implements TargetPort {
  readonly geometry: Geometry;
  readonly #backend: Backend;
  readonly #tracer: Tracer | undefined;
  readonly #queueDepth: number;
  readonly #slots: SeCmd[] = [];
  readonly #free: SeCmd[] = [];
  readonly #refused: EndQueue<TargetCommand>;
  readonly #endSlot: (command: TargetCommand) => void;
  #attributes: UnitAttributes | undefined;
  #commands = 0;
  #resets = 0;

  constructor(executor: Executor, backend: Backend, options: TargetDeviceOptions = {}) {
    const depth = options.queueDepth ?? TARGET_QUEUE_DEPTH;
    assert(
      Number.isInteger(depth) && depth >= 1 && depth <= MAX_TARGET_QUEUE_DEPTH,
      'queueDepth is an integer 1..MAX_TARGET_QUEUE_DEPTH',
    );
    this.geometry = geometryWith(backend.geometry, options.attributes);
    this.#backend = backend;
    this.#tracer = options.tracer;
    this.#queueDepth = depth;
    this.#refused = new EndQueue(executor, 'target');
    this.#attributes = options.attributes;
    this.#endSlot = (command) => this.#complete(command as SeCmd);
  }

  /** What the device has done. */
  counters(): TargetDeviceCounters {
    return { commands: this.#commands, inFlight: this.#slots.length - this.#free.length };
  }

  /**
   * Changes attributes under I/O: durability and limits from the next command on. What hosts were told, the geometry, stays as it is: a
   * write cache that is switched on is not used, and an operation that is switched on is not offered, before the unit is made anew.
   */
  setAttributes(attributes: UnitAttributes): void {
    this.#attributes = attributes;
  }

  submit(command: TargetCommand): void {
    this.#commands += 1;
    if (this.#tracer !== undefined) {
      this.#tracer.event(Layer.target, 'submit', command.ioId, command.lba, command.blockCount);
    }
    const status = this.#check(command);
    if (status !== TargetStatus.good) {
      this.#refuse(command, status);
      return;
    }
    const slot = this.#free.pop() ?? this.#makeSlot(command);
    if (slot === undefined) {
      this.#refuse(command, TargetStatus.busy);
      return;
    }
    slot.enter(SeCmdState.newCmd);
    slot.take(command);
    if (command.op !== TargetOp.read && command.op !== TargetOp.flush) this.#setFlags(slot);
    if (command.op === TargetOp.write) slot.enter(SeCmdState.writePending);
    slot.enter(SeCmdState.processing);
    this.#backend.submit(slot);
  }

  abort(command: TargetCommand): AbortResult {
    for (const slot of this.#slots) {
      if (slot.outer === command) return this.#backend.abort(slot);
    }
    return this.#refused.has(command) ? AbortResult.tooLate : AbortResult.unknown;
  }

  /** LUN reset: all commands in flight end, whoever sent them; then `done`. */
  reset(done: () => void): void {
    let waitsFor = 2;
    this.#resets += 1;
    const oneIsDone = (): void => {
      waitsFor -= 1;
      if (waitsFor > 0) return;
      this.#resets -= 1;
      done();
    };
    this.#backend.reset(oneIsDone);
    this.#refused.drain(oneIsDone);
  }

  #check(command: TargetCommand): TargetStatus {
    const status = checkCommand(command, this.geometry);
    const attributes = this.#attributes;
    if (attributes === undefined || status !== TargetStatus.good) return status;
    const { op, blockCount } = command;
    if (op === TargetOp.unmap) {
      if (!attributes.unmap) return TargetStatus.unsupportedOpcode;
      const most = attributes.maxUnmapBlocks;
      return most > 0 && blockCount > most ? TargetStatus.invalidField : status;
    }
    if (op !== TargetOp.writeZeroes || blockCount <= attributes.maxZeroBlocks) return status;
    return attributes.maxZeroBlocks === 0
      ? TargetStatus.unsupportedOpcode
      : TargetStatus.invalidField;
  }

  /** What a change is told to the backend with. */
  #setFlags(slot: SeCmd): void {
    const durable = this.#durable(slot.flags);
    if (durable === Durable.atEnd) slot.flags |= TargetFlag.fua;
    else if (durable === Durable.afterFlush) slot.flags &= ~TargetFlag.fua;
    if (this.#attributes?.unmapByZeroes === false) slot.flags &= ~TargetFlag.mayUnmap;
  }

  #durable(flags: number): Durable {
    const attributes = this.#attributes;
    const cacheBelow = this.#backend.geometry.writeCache;
    const fua = (flags & TargetFlag.fua) !== 0;
    if (attributes === undefined) return durableWhen(cacheBelow, true, true, fua);
    const reported = attributes.writeCache && this.geometry.writeCache;
    return durableWhen(cacheBelow, reported, attributes.fuaWrite, fua);
  }

  #refuse(command: TargetCommand, status: TargetStatus): void {
    command.status = status;
    this.#traceEnd(command, status);
    this.#refused.push(command);
  }

  #complete(slot: SeCmd): void {
    slot.enter(SeCmdState.complete);
    if (!this.#backend.geometry.fua && this.#flushAfterWrite(slot)) return;
    const outer = slot.outer!;
    const status = slot.status;
    slot.outer = undefined;
    slot.enter(SeCmdState.noState);
    this.#free.push(slot);
    outer.status = status;
    this.#traceEnd(outer, status);
    outer.end(outer);
  }

  /** Sends the second half of an emulated FUA write; false when there is none to send. */
  #flushAfterWrite(slot: SeCmd): boolean {
    // The frontend's word counts: a backend may have used the fields of the slot.
    const { op, flags } = slot.outer!;
    if (slot.status !== TargetStatus.good || op === TargetOp.read) return false;
    if (slot.op === TargetOp.flush || this.#durable(flags) !== Durable.atEnd) return false;
    if (this.#resets > 0) {
      slot.status = TargetStatus.aborted;
      return false;
    }
    slot.op = TargetOp.flush;
    slot.flags = 0;
    slot.enter(SeCmdState.processing);
    this.#backend.submit(slot);
    return true;
  }

  #makeSlot(first: TargetCommand): SeCmd | undefined {
    if (this.#slots.length === this.#queueDepth) return undefined;
    const slot = new SeCmd(first, this.#endSlot);
    this.#slots.push(slot);
    return slot;
  }

  #traceEnd(command: TargetCommand, status: TargetStatus): void {
    if (this.#tracer === undefined) return;
    this.#tracer.event(Layer.target, 'end', command.ioId, status, command.blockCount);
  }
}

/** May the unit do this? In the order in which the core looks: operation, protection, range, sizes. */
export function checkCommand(command: TargetCommand, geometry: Geometry): TargetStatus {
  if (!isSupported(command.op, geometry)) return TargetStatus.unsupportedOpcode;
  if (geometry.readOnly && command.op !== TargetOp.read && command.op !== TargetOp.flush) {
    return TargetStatus.writeProtected;
  }
  const { lba, blockCount } = command;
  // Never the sum: it could round.
  if (blockCount > geometry.blockCount || lba > geometry.blockCount - blockCount) {
    return TargetStatus.addressOutOfRange;
  }
  if (command.op > TargetOp.write) return TargetStatus.good;
  if (blockCount > geometry.maxTransferBlocks) return TargetStatus.invalidField;
  return command.data.byteLength < blockCount * geometry.blockBytes
    ? TargetStatus.invalidField
    : TargetStatus.good;
}

function isSupported(op: TargetOp, geometry: Geometry): boolean {
  switch (op) {
    case TargetOp.read:
    case TargetOp.write:
    case TargetOp.flush:
      return true;
    case TargetOp.unmap:
      return geometry.unmap;
    case TargetOp.writeZeroes:
      return geometry.writeZeroes;
    default:
      return false;
  }
}
