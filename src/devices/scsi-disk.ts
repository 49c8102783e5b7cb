/**
 * A SCSI disk: a direct access block device with one logical unit. SPC-4, SBC-3.
 *
 * A task is checked when it arrives, takes the time that its profile gives, and moves its data when that time is over. Any CDB gets an answer:
 * what is not known is refused with ILLEGAL REQUEST and the sense that the standard names.
 *
 * Does not model: MODE SELECT, UNMAP and WRITE SAME, reservations, ordered task attributes, protection information.
 */
import { assert, ConfigError } from '../base/assert.ts';
import { IdPool } from '../base/id-pool.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import { type Medium, MediumStatus } from '../interfaces/medium.ts';
import { AbortResult } from '../interfaces/request.ts';
import type { ScsiDevice, ScsiTask } from '../interfaces/scsi-task.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { storeSg } from '../memory/sg-copy.ts';
import { makeTask } from '../sim/task.ts';
import {
  Asc,
  buildSense,
  CdbRange,
  cdbLength,
  READ_CAPACITY_16,
  ScsiOp,
  ScsiStatus,
  SenseKey,
} from '../wire/scsi.ts';
import { FixedLatency } from './fixed-latency.ts';
import { MediumAccess } from './medium-access.ts';
import { ScsiParameters } from './scsi-parameters.ts';
import { TaskRing } from './task-ring.ts';

/** How a {@link ScsiDisk} is made. */
export interface ScsiDiskOptions {
  medium: Medium;
  /** Service times; none unless given. */
  latency?: LatencyProfile;
  /** Tasks that it works on at once; more get TASK SET FULL. 32 unless given. */
  queueDepth?: number;
  /** Does it honour FUA (DPOFUA)? Yes unless given. */
  fua?: boolean;
  /** Most blocks of one transfer; 65535 unless given. */
  maxTransferBlocks?: number;
  /** Bytes of a physical block; those of the medium's sector unless given. */
  physicalBytes?: number;
  /** Up to 20 characters. */
  serial?: string;
  tracer?: Tracer | undefined;
  owner?: string;
}

/** What a task in progress is going to do. */
const Work = { none: 0, read: 1, write: 2, flush: 3 } as const;
type Work = (typeof Work)[keyof typeof Work];

class Slot {
  readonly id: number;
  task: ScsiTask | undefined = undefined;
  work: Work = Work.none;
  lba = 0;
  blocks = 0;
  fua = false;
  readonly timer: Task;

  constructor(id: number, owner: string, run: (slot: Slot) => void) {
    this.id = id;
    this.timer = makeTask(owner, () => run(this));
  }
}

/** A disk that answers CDBs. */
export class ScsiDisk implements ScsiDevice {
  readonly #executor: Executor;
  readonly #medium: Medium;
  readonly #access: MediumAccess;
  readonly #latency: LatencyProfile;
  readonly #maxTransfer: number;
  readonly #parameters: ScsiParameters;
  readonly #tracer: Tracer | undefined;
  readonly #slots: readonly Slot[];
  readonly #free: IdPool;
  readonly #range = new CdbRange();
  /** Tasks that end as they came: refused for want of a slot. */
  readonly #refused = new TaskRing<ScsiTask>();
  readonly #refuseTask: Task;
  readonly #resetTask: Task;
  readonly #resetDone: (() => void)[] = [];
  /** Unit attention that is to be reported next, or `none`. */
  #attention: Asc = Asc.powerOn;

  /** @throws ConfigError when an option cannot be used */
  constructor(executor: Executor, options: ScsiDiskOptions) {
    const { medium, queueDepth = 32, maxTransferBlocks = 0xffff } = options;
    if (!Number.isInteger(queueDepth) || queueDepth < 1 || queueDepth > 1024) {
      throw new ConfigError('queueDepth', queueDepth, 'an integer from 1 to 1024');
    }
    if (!Number.isInteger(maxTransferBlocks) || maxTransferBlocks < 8) {
      throw new ConfigError('maxTransferBlocks', maxTransferBlocks, 'an integer of 8 and more');
    }
    const owner = options.owner ?? 'scsi-disk';
    this.#executor = executor;
    this.#medium = medium;
    this.#access = new MediumAccess(medium);
    this.#latency = options.latency ?? new FixedLatency();
    this.#maxTransfer = maxTransferBlocks;
    this.#tracer = options.tracer;
    this.#parameters = new ScsiParameters(medium, {
      fua: options.fua ?? true,
      maxTransferBlocks,
      physicalBytes: options.physicalBytes ?? medium.sectorBytes,
      serial: options.serial ?? '0001',
    });
    const run = (slot: Slot): void => this.#perform(slot);
    this.#slots = Array.from({ length: queueDepth }, (_, id) => new Slot(id, owner, run));
    this.#free = new IdPool(queueDepth);
    this.#refuseTask = makeTask(owner, () => this.#endRefused());
    this.#resetTask = makeTask(owner, () => {
      for (const done of this.#resetDone.splice(0)) done();
    });
  }

  submit(task: ScsiTask): void {
    const id = this.#free.take();
    if (id < 0) {
      this.#refused.push(task);
      this.#executor.post(this.#refuseTask);
      return;
    }
    const slot = this.#slots[id]!;
    task.status = ScsiStatus.good;
    task.senseLength = 0;
    task.residualBytes = task.data.byteLength;
    slot.task = task;
    slot.work = Work.none;
    this.#tracer?.event(Layer.device, 'cdb', task.ioId, task.cdb[0]!, task.data.byteLength);
    this.#parse(slot, task);
    this.#executor.schedule(slot.timer, this.#executor.now + this.#serviceNs(slot));
  }

  abort(task: ScsiTask): AbortResult {
    for (const slot of this.#slots) {
      if (slot.task !== task) continue;
      this.#cancel(slot);
      return AbortResult.aborted;
    }
    return AbortResult.unknown;
  }

  reset(done: () => void): void {
    for (const slot of this.#slots) {
      if (slot.task !== undefined) this.#cancel(slot);
    }
    this.#attention = Asc.busDeviceReset;
    this.#resetDone.push(done);
    // After the aborted tasks, which end at this instant too.
    this.#executor.post(this.#resetTask);
  }

  #cancel(slot: Slot): void {
    slot.work = Work.none;
    slot.task!.status = ScsiStatus.taskAborted;
    slot.task!.senseLength = 0;
    this.#executor.cancel(slot.timer);
    this.#executor.post(slot.timer);
  }

  #serviceNs(slot: Slot): number {
    if (slot.work === Work.none) return 0;
    if (slot.work === Work.flush) return this.#latency.flushNs(this.#executor.now);
    const bytes = slot.blocks * this.#medium.sectorBytes;
    const isWrite = slot.work === Work.write;
    return this.#latency.accessNs(this.#executor.now, isWrite, slot.lba, bytes);
  }

  /** Decides what a task does, or how it fails; moves no block. */
  #parse(slot: Slot, task: ScsiTask): void {
    const { cdb } = task;
    const opcode = cdb[0]!;
    const isExempt =
      opcode === ScsiOp.inquiry || opcode === ScsiOp.reportLuns || opcode === ScsiOp.requestSense;
    if (this.#attention !== Asc.none && !isExempt) {
      fail(task, SenseKey.unitAttention, this.#attention, -1);
      this.#attention = Asc.none;
      return;
    }
    if (task.lun !== 0 && !isExempt) {
      fail(task, SenseKey.illegalRequest, Asc.lunNotSupported, -1);
      return;
    }
    const length = cdbLength(opcode);
    // NACA of the control byte is not supported. SAM-5, 5.2.
    if (length !== 0 && (cdb[length - 1]! & 0x04) !== 0) {
      fail(task, SenseKey.illegalRequest, Asc.invalidFieldInCdb, -1);
      return;
    }
    switch (opcode) {
      case ScsiOp.read6:
      case ScsiOp.read10:
      case ScsiOp.read12:
      case ScsiOp.read16:
        this.#parseRange(slot, task, Work.read);
        break;
      case ScsiOp.write6:
      case ScsiOp.write10:
      case ScsiOp.write12:
      case ScsiOp.write16:
        this.#parseRange(slot, task, Work.write);
        break;
      case ScsiOp.synchronizeCache10:
      case ScsiOp.synchronizeCache16:
        this.#parseRange(slot, task, Work.flush);
        break;
      case ScsiOp.testUnitReady:
        break;
      default:
        this.#answer(task, opcode);
    }
  }

  #parseRange(slot: Slot, task: ScsiTask, work: Work): void {
    const range = this.#range;
    range.parse(task.cdb);
    const { lba, blocks } = range;
    if (work !== Work.flush && (range.protect !== 0 || blocks > this.#maxTransfer)) {
      fail(task, SenseKey.illegalRequest, Asc.invalidFieldInCdb, -1);
    } else if (lba + blocks > this.#medium.sectorCount) {
      fail(task, SenseKey.illegalRequest, Asc.lbaOutOfRange, -1);
    } else if (work !== Work.flush && blocks * this.#medium.sectorBytes > task.data.byteLength) {
      fail(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    } else if (work === Work.flush || blocks > 0) {
      slot.work = work;
      slot.lba = lba;
      slot.blocks = blocks;
      slot.fua = range.fua && this.#parameters.fua;
    }
  }

  /** Commands that answer with parameter data. */
  #answer(task: ScsiTask, opcode: number): void {
    const parameters = this.#parameters;
    const { cdb } = task;
    switch (opcode) {
      case ScsiOp.inquiry:
        parameters.inquiry(cdb, task.lun);
        break;
      case ScsiOp.requestSense:
        parameters.requestSense(cdb, task.lun, this.#attention);
        if (task.lun === 0) this.#attention = Asc.none;
        break;
      case ScsiOp.readCapacity10:
        parameters.readCapacity10();
        break;
      case ScsiOp.reportLuns:
        parameters.reportLuns(cdb);
        break;
      case ScsiOp.modeSense6:
        parameters.modeSense(cdb, false);
        break;
      case ScsiOp.modeSense10:
        parameters.modeSense(cdb, true);
        break;
      default:
        if (opcode === ScsiOp.serviceActionIn16 && (cdb[1]! & 0x1f) === READ_CAPACITY_16) {
          parameters.readCapacity16(cdb);
          break;
        }
        // An operation code that is known with another service action has a bad field. SPC-4, 4.3.4.
        parameters.refuse(
          opcode === ScsiOp.serviceActionIn16 ? Asc.invalidFieldInCdb : Asc.invalidOpcode,
        );
    }
    if (parameters.asc !== Asc.none) {
      fail(task, SenseKey.illegalRequest, parameters.asc, -1);
      return;
    }
    const length = Math.min(parameters.length, task.data.byteLength);
    if (!storeSg(task.memory, task.data, 0, parameters.bytes, 0, length)) {
      fail(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
      return;
    }
    task.residualBytes -= length;
  }

  /** The time of a task is over: blocks move, then it ends. */
  #perform(slot: Slot): void {
    const task = slot.task;
    assert(task !== undefined, 'a timer runs for a task');
    if (slot.work === Work.flush) {
      if (this.#medium.flush() !== MediumStatus.ok) {
        fail(task, SenseKey.mediumError, Asc.writeError, -1);
      }
    } else if (slot.work !== Work.none) {
      this.#move(slot, task);
    }
    slot.task = undefined;
    this.#free.give(slot.id);
    this.#tracer?.event(Layer.device, 'status', task.ioId, task.status, task.residualBytes);
    task.end(task);
  }

  #move(slot: Slot, task: ScsiTask): void {
    const access = this.#access;
    const { lba, blocks } = slot;
    const status =
      slot.work === Work.read
        ? access.read(lba, blocks, task.memory, task.data)
        : access.write(lba, blocks, slot.fua, task.memory, task.data);
    switch (status) {
      case MediumStatus.ok:
        task.residualBytes -= blocks * this.#medium.sectorBytes;
        break;
      case MediumStatus.readError:
        fail(task, SenseKey.mediumError, Asc.unrecoveredReadError, access.badSector);
        break;
      case MediumStatus.writeError:
        fail(task, SenseKey.mediumError, Asc.writeError, access.badSector);
        break;
      case MediumStatus.noSpace:
        fail(task, SenseKey.dataProtect, Asc.spaceAllocationFailed, -1);
        break;
      default:
        fail(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
    }
  }

  #endRefused(): void {
    for (let left = this.#refused.count; left > 0; left--) {
      const task = this.#refused.shift()!;
      task.status = ScsiStatus.taskSetFull;
      task.senseLength = 0;
      task.residualBytes = task.data.byteLength;
      task.end(task);
    }
  }
}

function fail(task: ScsiTask, key: SenseKey, asc: Asc, lba: number): void {
  task.status = ScsiStatus.checkCondition;
  task.senseLength = buildSense(task.sense, key, asc, lba);
}
