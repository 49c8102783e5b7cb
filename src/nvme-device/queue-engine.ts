/**
 * Queues at work: doorbells, fetch, arbitration, completion. NVMe Base 2.0, 3.3 and 3.4.
 *
 * Back-pressure: a command is fetched only when its completion queue has an entry for it, which stays reserved until it completes.
 * So a completion never finds its queue full, and what cannot complete waits in the submission queue.
 *
 * Does not model: weighted round robin, fused operations, SGLs, shadow doorbells, duplicate command identifiers.
 */
import { assert } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeCommand, NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { makeTask } from '../sim/task.ts';
import { CqeWord, SqeWord } from '../wire/nvme-entries.ts';
import { AdminOpcode, AsyncErrorInfo, AsyncEventType, LogPage } from '../wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_CODE_MASK, STATUS_DNR } from '../wire/nvme-status.ts';
import type { AsyncEvents } from './async-events.ts';
import { DataMapper } from './data-mapper.ts';
import { DeviceCommand } from './device-command.ts';
import type { InterruptUnit } from './interrupt-unit.ts';
import type { ResolvedDeviceOptions } from './options.ts';
import type { QueueFeatures } from './queue-features.ts';
import { CompletionQueue, hasUnread, SubmissionQueue } from './queues.ts';

/** Why a controller stopped with CSTS.CFS: the number in its `fatal` event. */
export const FatalReason = {
  /** CC, AQA, ASQ or ACQ cannot be used. */
  badConfiguration: 1,
  /** A submission queue entry could not be read. */
  fetchFault: 2,
  /** A completion queue entry could not be written. */
  postFault: 3,
} as const;

/** What the engine asks of the units beside it; set once, when the controller is made. */
export interface EngineHost {
  /** Executes an admin command that the controller keeps; false when it is for the port. */
  executeAdmin(command: DeviceCommand): boolean;
  /** A queue's last command completed while its deletion waits. */
  queueDrained(sq: SubmissionQueue): void;
  /** The controller cannot go on. */
  fatal(reason: number): void;
}

/** The queues of one controller and the commands in flight. */
export class QueueEngine {
  /** Submission queues by id. */
  readonly sqs: (SubmissionQueue | undefined)[];
  /** Completion queues by id. */
  readonly cqs: (CompletionQueue | undefined)[];
  /** All slots for commands. */
  readonly commands: readonly DeviceCommand[];
  /** May the function master the bus? If not, each access of a ring faults. */
  canMaster = true;
  readonly #executor: Executor;
  readonly #memory: GuestMemory;
  readonly #port: NvmeCommandPort;
  readonly #interrupts: InterruptUnit;
  readonly #events: AsyncEvents;
  readonly #features: QueueFeatures;
  readonly #host: EngineHost;
  readonly #tracer: Tracer | undefined;
  readonly #vmExitNs: number;
  readonly #commandNs: number;
  readonly #mapper: DataMapper;
  readonly #cqe = new Int32Array(4);
  readonly #free: Int32Array;
  #freeCount: number;
  #running = false;
  #paused = false;
  /** Existing submission queues, for the round. */
  readonly #round: SubmissionQueue[] = [];
  #turn = 0;
  #burstLeft = 0;
  /** A look is on its way. */
  #looking = false;
  /** Fetching stopped for want of a slot. */
  #starved = false;
  readonly #lookTask: Task;

  constructor(
    executor: Executor,
    memory: GuestMemory,
    port: NvmeCommandPort,
    interrupts: InterruptUnit,
    events: AsyncEvents,
    features: QueueFeatures,
    host: EngineHost,
    options: ResolvedDeviceOptions,
  ) {
    this.#executor = executor;
    this.#memory = memory;
    this.#port = port;
    this.#interrupts = interrupts;
    this.#events = events;
    this.#features = features;
    this.#host = host;
    this.#tracer = options.tracer;
    this.#vmExitNs = options.costs.vmExitNs;
    this.#commandNs = options.costs.deviceCommandNs;
    this.#mapper = new DataMapper(memory, port);
    const queues = options.ioQueues + 1;
    this.sqs = new Array<SubmissionQueue | undefined>(queues).fill(undefined);
    this.cqs = new Array<CompletionQueue | undefined>(queues).fill(undefined);
    const slots = port.limits.maxInFlight;
    assert(Number.isInteger(slots) && slots >= 1, 'a port takes at least one command');
    const end = (command: NvmeCommand) => this.#ended(command as DeviceCommand);
    this.commands = Array.from({ length: slots }, (_, i) => new DeviceCommand(i, memory, end));
    this.#free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.#freeCount = slots;
    this.#lookTask = makeTask('nvme-device', () => this.#look());
    interrupts.isUnread = (vector) => hasUnread(this.cqs, vector);
  }

  /** Starts with the admin queues alone. */
  start(pageBytes: number, asq: number, sqSize: number, acq: number, cqSize: number): void {
    this.#mapper.pageBytes = pageBytes;
    this.#mapper.forgetFormats();
    this.#running = true;
    this.#paused = false;
    this.#turn = 0;
    this.#burstLeft = 0;
    const cq = new CompletionQueue(0, acq, cqSize, 0, true);
    this.cqs[0] = cq;
    this.addSubmissionQueue(new SubmissionQueue(0, asq, sqSize, cq));
  }

  /** Forgets all queues. Commands at the port end unseen. */
  stop(): void {
    this.#running = false;
    this.#round.length = 0;
    this.sqs.fill(undefined);
    this.cqs.fill(undefined);
    for (const command of this.commands) {
      if (command.sq === undefined) continue;
      command.sq = undefined;
      if (!command.atPort) this.#free[this.#freeCount++] = command.slot;
    }
  }

  /** Fetches no more, and completes what is in flight. */
  pause(): void {
    this.#paused = true;
  }

  /** Neither fetches nor posts any more. */
  halt(): void {
    this.#running = false;
  }

  addSubmissionQueue(sq: SubmissionQueue): void {
    this.sqs[sq.id] = sq;
    sq.cq.submissionQueueCount += 1;
    this.#round.push(sq);
  }

  removeSubmissionQueue(sq: SubmissionQueue): void {
    this.sqs[sq.id] = undefined;
    sq.cq.submissionQueueCount -= 1;
    this.#leaveRound(sq);
  }

  /** Fetches no more from a queue that is being deleted. */
  closeSubmissionQueue(sq: SubmissionQueue): void {
    sq.deleting = true;
    this.#leaveRound(sq);
  }

  /** Has any I/O queue been created? */
  get hasIoQueues(): boolean {
    for (let id = 1; id < this.sqs.length; id++) {
      if (this.sqs[id] !== undefined || this.cqs[id] !== undefined) return true;
    }
    return false;
  }

  /** The format of a namespace changed. */
  forgetFormats(): void {
    this.#mapper.forgetFormats();
  }

  /** A doorbell was written: records the value, and posts a look. */
  doorbell(index: number, value: number): void {
    if (!this.#running) return;
    const id = index >>> 1;
    this.#tracer?.event(Layer.nvmeDevice, 'doorbell', 0, index, value);
    if ((index & 1) === 0) this.#submissionDoorbell(this.sqs[id], value);
    else this.#completionDoorbell(this.cqs[id], value);
  }

  /** Looks at the queues, after `delayNs`. */
  wake(delayNs: number): void {
    if (this.#looking || !this.#running) return;
    this.#looking = true;
    if (delayNs === 0) this.#executor.post(this.#lookTask);
    else this.#executor.schedule(this.#lookTask, this.#executor.now + delayNs);
  }

  /** Completes a command that the controller executed itself. Errors are told to the port's error log. */
  complete(command: DeviceCommand, status: number, dw0: number): void {
    const sq = command.sq!;
    if (status !== NvmeStatus.success) {
      this.#port.reportError(sq.id, command.cid, status & STATUS_CODE_MASK);
    }
    this.#release(command);
    sq.inFlight -= 1;
    this.#post(sq, command.cid, status, dw0, 0);
  }

  /** Gives back the slot and the reserved entry of a command that completes at another time (an event request). */
  detach(command: DeviceCommand): void {
    const sq = command.sq!;
    this.#release(command);
    sq.inFlight -= 1;
    sq.cq.room += 1;
  }

  /** Completes a detached admin command; false when the completion queue has no room: a look follows when it has. */
  completeDetached(cid: number, status: number, dw0: number): boolean {
    const sq = this.sqs[0]!;
    if (sq.cq.room === 0) {
      sq.cq.blocked = true;
      return false;
    }
    sq.cq.room -= 1;
    this.#post(sq, cid, status, dw0, 0);
    return true;
  }

  #submissionDoorbell(sq: SubmissionQueue | undefined, tail: number): void {
    if (sq === undefined || sq.deleting) {
      this.#badDoorbell(AsyncErrorInfo.invalidDoorbellRegister);
    } else if (sq.advance(tail)) {
      this.wake(this.#vmExitNs);
    } else {
      this.#badDoorbell(AsyncErrorInfo.invalidDoorbellValue);
    }
  }

  #completionDoorbell(cq: CompletionQueue | undefined, head: number): void {
    if (cq === undefined) {
      this.#badDoorbell(AsyncErrorInfo.invalidDoorbellRegister);
    } else if (cq.consume(head)) {
      this.#interrupts.consumed(cq.vector);
      if (!cq.blocked) return;
      cq.blocked = false;
      this.wake(this.#vmExitNs);
    } else {
      this.#badDoorbell(AsyncErrorInfo.invalidDoorbellValue);
    }
  }

  #badDoorbell(info: number): void {
    this.#events.add(AsyncEventType.error, info, LogPage.errorInformation);
    this.wake(this.#vmExitNs);
  }

  #look(): void {
    this.#looking = false;
    if (!this.#running) return;
    while (this.#running && this.#events.isReady) {
      if (this.sqs[0]!.cq.room === 0) {
        this.sqs[0]!.cq.blocked = true;
        break;
      }
      const cid = this.#events.takeRequest();
      this.completeDetached(cid, NvmeStatus.success, this.#events.takeEvent());
    }
    if (!this.#paused) this.#fetchAll();
  }

  /** Round robin until nothing can be fetched; with a cost for each command, one command and another look. */
  #fetchAll(): void {
    let idle = 0;
    while (this.#running && idle < this.#round.length) {
      if (this.#turn >= this.#round.length) this.#turn = 0;
      const sq = this.#round[this.#turn]!;
      if (this.#burstLeft === 0) this.#burstLeft = this.#features.burst;
      let fetched = 0;
      while (this.#burstLeft > 0 && this.#canFetch(sq)) {
        this.#burstLeft -= 1;
        fetched += 1;
        this.#fetch(sq);
        if (!this.#running) return;
        if (this.#commandNs > 0) {
          this.wake(this.#commandNs);
          return;
        }
      }
      this.#burstLeft = 0;
      this.#turn += 1;
      idle = fetched > 0 ? 0 : idle + 1;
    }
  }

  #canFetch(sq: SubmissionQueue): boolean {
    if (sq.head === sq.tail || sq.deleting) return false;
    if (sq.cq.room === 0) {
      sq.cq.blocked = true;
      return false;
    }
    if (this.#freeCount === 0) {
      this.#starved = true;
      return false;
    }
    return true;
  }

  #fetch(sq: SubmissionQueue): void {
    const command = this.commands[this.#free[this.#freeCount - 1]!]!;
    const sqe = command.sqe;
    if (!this.canMaster || !this.#memory.loadWords(sq.base + sq.head * 64, sqe, 0, 16)) {
      this.#host.fatal(FatalReason.fetchFault);
      return;
    }
    this.#freeCount -= 1;
    sq.head = sq.head + 1 === sq.size ? 0 : sq.head + 1;
    sq.cq.room -= 1;
    sq.inFlight += 1;
    const cid = sqe[SqeWord.cdw0]! >>> 16;
    command.cid = cid;
    command.queueId = sq.id;
    command.ioId = (sq.id << 16) | cid;
    command.sq = sq;
    this.#tracer?.event(Layer.nvmeDevice, 'fetch', command.ioId, sqe[0]! & 0xff, sq.head);
    const status = this.#mapper.map(command);
    if (status !== NvmeStatus.success) {
      this.complete(command, status | STATUS_DNR, 0);
      return;
    }
    if (sq.id === 0 && this.#host.executeAdmin(command)) return;
    command.status = NvmeStatus.success;
    command.dw0 = 0;
    command.dw1 = 0;
    command.atPort = true;
    this.#port.submit(command);
  }

  #ended(command: DeviceCommand): void {
    assert(command.atPort, 'a command ends once');
    command.atPort = false;
    const sq = command.sq;
    this.#release(command);
    if (sq === undefined) return;
    sq.inFlight -= 1;
    const status =
      sq.deleting && (command.status & STATUS_CODE_MASK) === NvmeStatus.abortRequested
        ? NvmeStatus.abortedSqDeletion
        : command.status;
    if (sq.id === 0 && status === NvmeStatus.success) this.#adminSucceeded(command.sqe);
    this.#post(sq, command.cid, status, command.dw0, command.dw1);
    if (this.#starved) {
      this.#starved = false;
      this.wake(0);
    }
    if (sq.deleting && sq.inFlight === 0) this.#host.queueDrained(sq);
  }

  /** A log page that was read without Retain Asynchronous Event (dword 10 bit 15) lets events of its type through again. */
  #adminSucceeded(sqe: Int32Array): void {
    const cdw10 = sqe[SqeWord.cdw10]!;
    if ((sqe[0]! & 0xff) !== AdminOpcode.getLogPage || (cdw10 & 0x8000) !== 0) return;
    this.#events.logRead(cdw10 & 0xff);
    if (this.#events.isReady) this.wake(0);
  }

  #release(command: DeviceCommand): void {
    command.sq = undefined;
    this.#free[this.#freeCount++] = command.slot;
  }

  #post(sq: SubmissionQueue, cid: number, status: number, dw0: number, dw1: number): void {
    if (!this.#running) return;
    const cq = sq.cq;
    const words = this.#cqe;
    words[CqeWord.dw0] = dw0;
    words[CqeWord.dw1] = dw1;
    words[CqeWord.sqHeadAndId] = sq.head | (sq.id << 16);
    words[CqeWord.cidAndStatus] = cid | (status << 17);
    if (!this.canMaster || !cq.post(this.#memory, words)) {
      this.#host.fatal(FatalReason.postFault);
      return;
    }
    this.#tracer?.event(Layer.nvmeDevice, 'post', (sq.id << 16) | cid, status, sq.head);
    if (cq.interruptEnabled) this.#interrupts.note(cq.vector);
  }

  #leaveRound(sq: SubmissionQueue): void {
    const at = this.#round.indexOf(sq);
    if (at < 0) return;
    this.#round.splice(at, 1);
    if (at < this.#turn) this.#turn -= 1;
  }
}
