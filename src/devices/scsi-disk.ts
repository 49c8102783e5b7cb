/**
 * A SCSI disk: a direct access block device with one logical unit. SPC-4, SBC-3.
 *
 * A task is checked when it arrives, takes the time that its profile gives, and moves its data when that time is over. Any CDB gets an answer:
 * what is not known is refused with ILLEGAL REQUEST and the sense that the standard names.
 *
 * Does not model: reservations, ordered task attributes, protection information, saved mode pages, anchored blocks.
 */
import { assert, ConfigError } from '../base/assert.ts';
import { IdPool } from '../base/id-pool.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import type { Medium } from '../interfaces/medium.ts';
import { AbortResult } from '../interfaces/request.ts';
import type { ScsiDevice, ScsiResetScope, ScsiTask } from '../interfaces/scsi-task.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { storeSg } from '../memory/sg-copy.ts';
import { makeTask } from '../sim/task.ts';
import { Asc, cdbLength, READ_CAPACITY_16, ScsiOp, ScsiStatus, SenseKey } from '../wire/scsi.ts';
import { FixedLatency } from './fixed-latency.ts';
import { failIllegal, failTask, ScsiCommandParser, ScsiSlot, ScsiWork } from './scsi-command.ts';
import { FULL_PROVISIONING, ScsiParameters, type ScsiProvisioning } from './scsi-parameters.ts';
import { ScsiWorker } from './scsi-work.ts';
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
  /** What it offers of UNMAP and WRITE SAME; all of it unless given. */
  provisioning?: Partial<ScsiProvisioning>;
  /** Virtual nanoseconds after power on during which it is only becoming ready; 0 unless given. */
  becomingReadyNs?: number;
  tracer?: Tracer | undefined;
  owner?: string;
}

/** A disk that answers CDBs. */
export class ScsiDisk implements ScsiDevice {
  readonly #executor: Executor;
  readonly #medium: Medium;
  readonly #latency: LatencyProfile;
  readonly #parameters: ScsiParameters;
  readonly #parser: ScsiCommandParser;
  readonly #worker: ScsiWorker;
  readonly #tracer: Tracer | undefined;
  readonly #slots: readonly ScsiSlot[];
  readonly #free: IdPool;
  /** Tasks that end as they came: refused for want of a slot. */
  readonly #refused = new TaskRing<ScsiTask>();
  readonly #refuseTask: Task;
  readonly #resetTask: Task;
  readonly #resetDone: ((helped: boolean) => void)[] = [];
  /** When it is ready. */
  readonly #readyNs: number;
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
    this.#latency = options.latency ?? new FixedLatency();
    this.#tracer = options.tracer;
    this.#parameters = new ScsiParameters(medium, {
      fua: options.fua ?? true,
      maxTransferBlocks,
      physicalBytes: options.physicalBytes ?? medium.sectorBytes,
      serial: options.serial ?? '0001',
      provisioning: { ...FULL_PROVISIONING, ...options.provisioning },
    });
    this.#parser = new ScsiCommandParser(medium, this.#parameters.identity);
    this.#worker = new ScsiWorker(medium, this.#parameters);
    this.#readyNs = executor.now + (options.becomingReadyNs ?? 0);
    const run = (slot: ScsiSlot): void => this.#perform(slot);
    this.#slots = Array.from({ length: queueDepth }, (_, id) => new ScsiSlot(id, owner, run));
    this.#free = new IdPool(queueDepth);
    this.#refuseTask = makeTask(owner, () => this.#endRefused());
    this.#resetTask = makeTask(owner, () => {
      for (const done of this.#resetDone.splice(0)) done(true);
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
    slot.work = ScsiWork.none;
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

  /** Tells the initiator of a change by a unit attention, before its next command is served. SAM-5, 5.14. */
  raiseAttention(asc: Asc): void {
    this.#attention = asc;
  }

  /** Whatever the scope: there is one unit behind one target. */
  reset(_scope: ScsiResetScope, done: (helped: boolean) => void): void {
    for (const slot of this.#slots) {
      if (slot.task !== undefined) this.#cancel(slot);
    }
    this.#attention = Asc.busDeviceReset;
    this.#resetDone.push(done);
    // After the aborted tasks, which end at this instant too.
    this.#executor.post(this.#resetTask);
  }

  #cancel(slot: ScsiSlot): void {
    slot.work = ScsiWork.none;
    slot.task!.status = ScsiStatus.taskAborted;
    slot.task!.senseLength = 0;
    this.#executor.cancel(slot.timer);
    this.#executor.post(slot.timer);
  }

  #serviceNs(slot: ScsiSlot): number {
    const { now } = this.#executor;
    switch (slot.work) {
      case ScsiWork.flush:
        return this.#latency.flushNs(now);
      case ScsiWork.read:
      case ScsiWork.write: {
        const bytes = slot.blocks * this.#medium.sectorBytes;
        return this.#latency.accessNs(now, slot.work === ScsiWork.write, slot.lba, bytes);
      }
      default:
        return 0;
    }
  }

  /** Decides what a task does, or how it fails; moves no block. */
  #parse(slot: ScsiSlot, task: ScsiTask): void {
    const { cdb } = task;
    const opcode = cdb[0]!;
    const isExempt =
      opcode === ScsiOp.inquiry || opcode === ScsiOp.reportLuns || opcode === ScsiOp.requestSense;
    if (!isExempt && !this.#isReady(task)) return;
    const length = cdbLength(opcode);
    // NACA of the control byte is not supported. SAM-5, 5.2.
    if (length !== 0 && (cdb[length - 1]! & 0x04) !== 0) {
      failIllegal(task, Asc.invalidFieldInCdb);
      return;
    }
    if (opcode === ScsiOp.testUnitReady || this.#parser.parse(slot, task)) return;
    this.#answer(task, opcode);
  }

  /** May the unit serve a command? Otherwise the task fails. SAM-5, 5.14. */
  #isReady(task: ScsiTask): boolean {
    if (this.#attention !== Asc.none) {
      failTask(task, SenseKey.unitAttention, this.#attention, -1);
      this.#attention = Asc.none;
      return false;
    }
    if (task.lun !== 0) {
      failIllegal(task, Asc.lunNotSupported);
      return false;
    }
    if (this.#executor.now < this.#readyNs) {
      failTask(task, SenseKey.notReady, Asc.becomingReady, -1);
      return false;
    }
    return true;
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
      failIllegal(task, parameters.asc);
      return;
    }
    const length = Math.min(parameters.length, task.data.byteLength);
    if (!storeSg(task.memory, task.data, 0, parameters.bytes, 0, length)) {
      failTask(task, SenseKey.abortedCommand, Asc.dataPhaseError, -1);
      return;
    }
    task.residualBytes -= length;
  }

  /** The time of a task is over: blocks move, then it ends. */
  #perform(slot: ScsiSlot): void {
    const task = slot.task;
    assert(task !== undefined, 'a timer runs for a task');
    this.#worker.perform(slot, task);
    slot.task = undefined;
    this.#free.give(slot.id);
    this.#tracer?.event(Layer.device, 'status', task.ioId, task.status, task.residualBytes);
    task.end(task);
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
