/**
 * The admin commands that concern the queues and stay in the controller: create and delete queues, Abort, Asynchronous Event Request,
 * the features of queues, Doorbell Buffer Config. NVMe Base 2.0, 5.
 */
import { addressOf } from '../base/sg-list.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { AbortResult } from '../interfaces/request.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { Oacs } from '../wire/nvme-identify.ts';
import { AdminOpcode } from '../wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../wire/nvme-status.ts';
import type { AsyncEvents } from './async-events.ts';
import type { DeviceCommand } from './device-command.ts';
import type { InterruptUnit } from './interrupt-unit.ts';
import type { ResolvedDeviceOptions } from './options.ts';
import type { QueueEngine } from './queue-engine.ts';
import type { QueueFeatures } from './queue-features.ts';
import { CompletionQueue, SubmissionQueue } from './queues.ts';

/** Bits of command dword 11 of the create commands. */
const PHYSICALLY_CONTIGUOUS = 1;
const INTERRUPTS_ENABLED = 2;

/** Executes the commands against the engine's queues. */
export class AdminUnit {
  /** The memory page size that the host chose. */
  pageBytes = 4096;
  readonly #engine: QueueEngine;
  readonly #port: NvmeCommandPort;
  readonly #interrupts: InterruptUnit;
  readonly #events: AsyncEvents;
  readonly #features: QueueFeatures;
  readonly #maxQueueEntries: number;
  /** Deletions that wait for the commands of their queue. */
  readonly #deletions: DeviceCommand[] = [];
  #dw0 = 0;

  constructor(
    engine: QueueEngine,
    port: NvmeCommandPort,
    interrupts: InterruptUnit,
    events: AsyncEvents,
    features: QueueFeatures,
    options: ResolvedDeviceOptions,
  ) {
    this.#engine = engine;
    this.#port = port;
    this.#interrupts = interrupts;
    this.#events = events;
    this.#features = features;
    this.#maxQueueEntries = options.maxQueueEntries;
  }

  /** As after a controller reset. */
  reset(): void {
    this.#deletions.length = 0;
  }

  /** Executes `command`; false when it is for the port. */
  execute(command: DeviceCommand): boolean {
    const opcode = command.sqe[0]! & 0xff;
    if (opcode === AdminOpcode.deleteIoSq) {
      this.#deleteSq(command);
      return true;
    }
    if (opcode === AdminOpcode.asyncEventRequest) {
      this.#holdEventRequest(command);
      return true;
    }
    const status = this.#run(command, opcode);
    if (status < 0) return false;
    this.#engine.complete(command, status === 0 ? 0 : status | STATUS_DNR, this.#dw0);
    return true;
  }

  /** The last command of a queue that is being deleted has ended. */
  queueDrained(sq: SubmissionQueue): void {
    const at = this.#deletions.findIndex((each) => queueIdOf(each) === sq.id);
    const command = this.#deletions[at];
    if (command === undefined) return;
    this.#deletions.splice(at, 1);
    this.#engine.removeSubmissionQueue(sq);
    this.#engine.complete(command, NvmeStatus.success, 0);
  }

  /** A status, or -1 for a command that is not ours. */
  #run(command: DeviceCommand, opcode: number): number {
    this.#dw0 = 0;
    const sqe = command.sqe;
    const feature = sqe[SqeWord.cdw10]! & 0xff;
    switch (opcode) {
      case AdminOpcode.createIoSq:
        return this.#createSq(sqe);
      case AdminOpcode.createIoCq:
        return this.#createCq(sqe);
      case AdminOpcode.deleteIoCq:
        return this.#deleteCq(sqe);
      case AdminOpcode.abort:
        return this.#abort(sqe);
      case AdminOpcode.doorbellBufferConfig:
        return this.#configureBuffers(sqe);
      case AdminOpcode.setFeatures: {
        if (!this.#features.owns(feature)) return -1;
        const status = this.#features.set(sqe, this.#engine.hasIoQueues);
        this.#dw0 = this.#features.dw0;
        return status;
      }
      case AdminOpcode.getFeatures: {
        if (!this.#features.owns(feature)) return -1;
        const status = this.#features.get(sqe);
        this.#dw0 = this.#features.dw0;
        return status;
      }
      default:
        return -1;
    }
  }

  /** NVMe Base 2.0, 5.4. */
  #createCq(sqe: Int32Array): number {
    const id = sqe[SqeWord.cdw10]! & 0xffff;
    const flags = sqe[SqeWord.cdw11]!;
    const vector = flags >>> 16;
    if (id === 0 || id > this.#features.cqLimit || this.#engine.cqs[id] !== undefined) {
      return NvmeStatus.invalidQueueId;
    }
    const status = this.#checkRing(sqe);
    if (status !== NvmeStatus.success) return status;
    if (vector >= this.#interrupts.vectorCount) return NvmeStatus.invalidInterruptVector;
    const hasInterrupts = (flags & INTERRUPTS_ENABLED) !== 0;
    this.#engine.addCompletionQueue(
      new CompletionQueue(id, baseOf(sqe), entriesOf(sqe), vector, hasInterrupts),
    );
    return NvmeStatus.success;
  }

  /** NVMe Base 2.0, 5.5. */
  #createSq(sqe: Int32Array): number {
    const id = sqe[SqeWord.cdw10]! & 0xffff;
    const cqId = sqe[SqeWord.cdw11]! >>> 16;
    if (id === 0 || id > this.#features.sqLimit || this.#engine.sqs[id] !== undefined) {
      return NvmeStatus.invalidQueueId;
    }
    if (cqId === 0 || cqId >= this.#engine.cqs.length) return NvmeStatus.invalidQueueId;
    const cq = this.#engine.cqs[cqId];
    if (cq === undefined) return NvmeStatus.completionQueueInvalid;
    const status = this.#checkRing(sqe);
    if (status !== NvmeStatus.success) return status;
    const priority = (sqe[SqeWord.cdw11]! >>> 1) & 3;
    this.#engine.addSubmissionQueue(
      new SubmissionQueue(id, baseOf(sqe), entriesOf(sqe), cq, priority),
    );
    return NvmeStatus.success;
  }

  #checkRing(sqe: Int32Array): number {
    const entries = entriesOf(sqe);
    if (entries < 2 || entries > this.#maxQueueEntries) return NvmeStatus.invalidQueueSize;
    if ((sqe[SqeWord.prp1Lo]! & (this.pageBytes - 1)) !== 0) return NvmeStatus.invalidPrpOffset;
    if ((sqe[SqeWord.cdw11]! & PHYSICALLY_CONTIGUOUS) === 0) return NvmeStatus.invalidField;
    return NvmeStatus.success;
  }

  /** NVMe Base 2.0, 5.8. An opcode that does not exist unless the port advertises it. */
  #configureBuffers(sqe: Int32Array): number {
    if (((this.#port.limits.oacs ?? 0) & Oacs.doorbellBuffer) === 0) {
      return NvmeStatus.invalidOpcode;
    }
    const lo = sqe[SqeWord.prp1Lo]! | sqe[SqeWord.prp2Lo]!;
    if ((lo & (this.pageBytes - 1)) !== 0) return NvmeStatus.invalidField;
    const shadows = addressOf(sqe[SqeWord.prp1Lo]! >>> 0, sqe[SqeWord.prp1Hi]! >>> 0);
    const events = addressOf(sqe[SqeWord.prp2Lo]! >>> 0, sqe[SqeWord.prp2Hi]! >>> 0);
    return this.#engine.useBuffers(shadows, events, this.pageBytes)
      ? NvmeStatus.success
      : NvmeStatus.dataTransferError;
  }

  /** NVMe Base 2.0, 5.6. */
  #deleteCq(sqe: Int32Array): number {
    const id = sqe[SqeWord.cdw10]! & 0xffff;
    const cq = id === 0 ? undefined : this.#engine.cqs[id];
    if (cq === undefined) return NvmeStatus.invalidQueueId;
    if (cq.submissionQueueCount > 0) return NvmeStatus.invalidQueueDeletion;
    this.#engine.cqs[id] = undefined;
    this.#interrupts.consumed(cq.vector);
    return NvmeStatus.success;
  }

  /** NVMe Base 2.0, 5.7: what is in flight is stopped where it can be, and completes before the deletion does. */
  #deleteSq(command: DeviceCommand): void {
    const id = queueIdOf(command);
    const sq = id === 0 ? undefined : this.#engine.sqs[id];
    if (sq === undefined || sq.deleting) {
      this.#engine.complete(command, NvmeStatus.invalidQueueId | STATUS_DNR, 0);
      return;
    }
    this.#engine.closeSubmissionQueue(sq);
    if (sq.inFlight === 0) {
      this.#engine.removeSubmissionQueue(sq);
      this.#engine.complete(command, NvmeStatus.success, 0);
      return;
    }
    this.#deletions.push(command);
    for (const each of this.#engine.commands) {
      if (each.sq === sq && each.atPort) this.#port.abort(each);
    }
  }

  /** NVMe Base 2.0, 5.1. Dword 0 bit 0 is set when the command was not aborted. */
  #abort(sqe: Int32Array): number {
    const sqId = sqe[SqeWord.cdw10]! & 0xffff;
    const cid = sqe[SqeWord.cdw10]! >>> 16;
    this.#dw0 = 1;
    if (sqId === 0 && this.#abortEventRequest(cid)) {
      this.#dw0 = 0;
      return NvmeStatus.success;
    }
    for (const each of this.#engine.commands) {
      if (!each.atPort || each.sq?.id !== sqId || each.cid !== cid) continue;
      if (this.#port.abort(each) === AbortResult.aborted) this.#dw0 = 0;
      break;
    }
    return NvmeStatus.success;
  }

  #abortEventRequest(cid: number): boolean {
    // The completion of the request needs an entry beside the one of the Abort itself.
    if (this.#engine.cqs[0]!.room === 0 || !this.#events.release(cid)) return false;
    return this.#engine.completeDetached(cid, NvmeStatus.abortRequested, 0);
  }

  /** NVMe Base 2.0, 5.2. */
  #holdEventRequest(command: DeviceCommand): void {
    if (!this.#events.hold(command.cid)) {
      this.#engine.complete(command, NvmeStatus.asyncEventLimitExceeded, 0);
      return;
    }
    this.#engine.detach(command);
    if (this.#events.isReady) this.#engine.wake(0);
  }
}

function queueIdOf(command: DeviceCommand): number {
  return command.sqe[SqeWord.cdw10]! & 0xffff;
}

function baseOf(sqe: Int32Array): number {
  return addressOf(sqe[SqeWord.prp1Lo]! >>> 0, sqe[SqeWord.prp1Hi]! >>> 0);
}

function entriesOf(sqe: Int32Array): number {
  return (sqe[SqeWord.cdw10]! >>> 16) + 1;
}
