/**
 * Queues at work: doorbells, fetch, arbitration, completion. NVMe Base 2.0, 3.3 and 3.4.
 *
 * Back-pressure: a command is fetched only when its completion queue has an entry for it, which stays reserved until it completes.
 * So a completion never finds its queue full, and what cannot complete waits in the submission queue.
 */
import { assert } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeCommand, NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';
import { makeTask } from '../sim/task.ts';
import { CqeWord, SqeWord } from '../wire/nvme-entries.ts';
import { Fuse } from '../wire/nvme-sgl.ts';
import { NvmeStatus, STATUS_CODE_MASK, STATUS_DNR } from '../wire/nvme-status.ts';
import { Arbiter } from './arbiter.ts';
import type { AsyncEvents } from './async-events.ts';
import { DataMapper } from './data-mapper.ts';
import { DeviceCommand } from './device-command.ts';
import { Doorbells } from './doorbells.ts';
import { type EngineHost, FatalReason } from './engine-host.ts';
import { FusedFetch } from './fused-fetch.ts';
import type { InterruptUnit } from './interrupt-unit.ts';
import type { ResolvedDeviceOptions } from './options.ts';
import type { QueueFeatures } from './queue-features.ts';
import { CompletionQueue, hasUnread, SubmissionQueue } from './queues.ts';

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
  readonly #host: EngineHost;
  readonly #tracer: Tracer | undefined;
  readonly #vmExitNs: number;
  readonly #commandNs: number;
  readonly #mapper: DataMapper;
  readonly #doorbells: Doorbells;
  readonly #fused: FusedFetch;
  readonly #arbiter: Arbiter;
  readonly #cqe = new Int32Array(4);
  readonly #free: Int32Array;
  #freeCount: number;
  #running = false;
  #paused = false;
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
    this.#host = host;
    this.#tracer = options.tracer;
    this.#vmExitNs = options.costs.vmExitNs;
    this.#commandNs = options.costs.deviceCommandNs;
    this.#mapper = new DataMapper(memory, port, options.bitBucketGpa);
    this.#arbiter = new Arbiter(features, (sq) => this.#canFetch(sq));
    const look = () => this.wake(0);
    this.#doorbells = new Doorbells(executor, memory, port, interrupts, events, options, look);
    this.#fused = new FusedFetch(port, this.#mapper, this);
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
  start(
    pageBytes: number,
    asq: number,
    sqSize: number,
    acq: number,
    cqSize: number,
    isWeighted: boolean,
  ): void {
    this.#mapper.pageBytes = pageBytes;
    this.#mapper.forgetFormats();
    this.#running = true;
    this.#paused = false;
    this.#arbiter.reset(isWeighted);
    const cq = new CompletionQueue(0, acq, cqSize, 0, true);
    this.cqs[0] = cq;
    this.addSubmissionQueue(new SubmissionQueue(0, asq, sqSize, cq));
  }

  /** Forgets all queues. Commands at the port end unseen. */
  stop(): void {
    this.#running = false;
    this.#arbiter.reset(false);
    this.#doorbells.reset();
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
    this.#arbiter.add(sq);
    this.#doorbells.buffer.attachSubmission(sq);
  }

  /** Takes a completion queue into use. */
  addCompletionQueue(cq: CompletionQueue): void {
    this.cqs[cq.id] = cq;
    this.#doorbells.buffer.attachCompletion(cq);
  }

  /** Uses the buffers of Doorbell Buffer Config for the I/O queues that exist and those to come; false when they are unmapped. */
  useBuffers(shadows: number, events: number, pageBytes: number): boolean {
    if (!this.#doorbells.useBuffers(shadows, events, pageBytes, this.sqs, this.cqs)) return false;
    this.wake(0);
    return true;
  }

  removeSubmissionQueue(sq: SubmissionQueue): void {
    this.sqs[sq.id] = undefined;
    sq.cq.submissionQueueCount -= 1;
    this.#arbiter.remove(sq);
  }

  /** Fetches no more from a queue that is being deleted. */
  closeSubmissionQueue(sq: SubmissionQueue): void {
    sq.deleting = true;
    this.#arbiter.remove(sq);
  }

  /** Has any I/O queue been created? */
  get hasIoQueues(): boolean {
    return this.sqs.some((sq, id) => id > 0 && (sq ?? this.cqs[id]) !== undefined);
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
    if ((index & 1) === 0) this.#doorbells.takeTail(id, this.sqs[id], value);
    else if (!this.#doorbells.takeHead(id, this.cqs[id], value)) return;
    this.wake(this.#vmExitNs);
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
    this.#done(sq, command.cid, status, dw0, 0);
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
    sq.disclaim(cid);
    this.#post(sq, cid, status, dw0, 0);
    return true;
  }

  #look(): void {
    this.#looking = false;
    if (!this.#running) return;
    this.#doorbells.report();
    while (this.#running && this.#events.isReady) {
      if (this.sqs[0]!.cq.room === 0) {
        this.sqs[0]!.cq.blocked = true;
        break;
      }
      const cid = this.#events.takeRequest();
      this.completeDetached(cid, NvmeStatus.success, this.#events.takeEvent());
    }
    this.#doorbells.pullHeads(this.cqs);
    if (!this.#paused) this.#fetchAll();
  }

  /** Until nothing can be fetched; with a cost for each command, one command and another look. */
  #fetchAll(): void {
    while (this.#running) {
      const sq = this.#arbiter.pick();
      if (sq === undefined) return;
      this.#fetch(sq);
      if (this.#commandNs === 0) continue;
      this.wake(this.#commandNs);
      return;
    }
  }

  #canFetch(sq: SubmissionQueue): boolean {
    if (sq.head === sq.tail && (sq.shadowAt < 0 || !this.#doorbells.pullTail(sq))) return false;
    const { cq, need } = sq;
    if (cq.room < need && (cq.shadowAt < 0 || !this.#doorbells.pullHead(cq, need))) {
      cq.blocked = true;
      return false;
    }
    if (this.#freeCount < need) {
      this.#starved = true;
      return false;
    }
    return true;
  }

  #fetch(sq: SubmissionQueue): void {
    const command = this.commands[this.#free[this.#freeCount - 1]!]!;
    const sqe = command.sqe;
    if (!this.load(sq, sqe)) return;
    const cdw0 = sqe[SqeWord.cdw0]!;
    if (!this.take(sq, command)) return;
    if ((cdw0 & Fuse.mask) !== 0 && this.#fused.isOn && sq.id !== 0) {
      this.#fused.start(sq, command, cdw0 & Fuse.mask);
      return;
    }
    const status = this.#mapper.map(command);
    if (status !== NvmeStatus.success) {
      this.complete(command, status | STATUS_DNR, 0);
      return;
    }
    if (sq.id === 0 && this.#host.executeAdmin(command)) return;
    this.handOver(command);
    this.#port.submit(command);
  }

  /** Copies the entry at the head; false when the ring cannot be read, which is fatal. */
  load(sq: SubmissionQueue, sqe: Int32Array): boolean {
    if (this.canMaster && this.#memory.loadWords(sq.base + sq.head * 64, sqe, 0, 16)) return true;
    this.#host.fatal(FatalReason.fetchFault);
    return false;
  }

  /** Steps over the entry in `command`, the next free slot. False when its identifier is in use: then it is completed as such. */
  take(sq: SubmissionQueue, command: DeviceCommand): boolean {
    const sqe = command.sqe;
    const cid = sqe[SqeWord.cdw0]! >>> 16;
    sq.head = sq.head + 1 === sq.size ? 0 : sq.head + 1;
    sq.cq.room -= 1;
    const ioId = (sq.id << 16) | cid;
    this.#tracer?.event(Layer.nvmeDevice, 'fetch', ioId, sqe[0]! & 0xff, sq.head);
    if (!sq.claim(cid)) {
      this.#port.reportError(sq.id, cid, NvmeStatus.commandIdConflict);
      this.#post(sq, cid, NvmeStatus.commandIdConflict | STATUS_DNR, 0, 0);
      return false;
    }
    this.#freeCount -= 1;
    sq.inFlight += 1;
    command.cid = cid;
    command.queueId = sq.id;
    command.ioId = ioId;
    command.sq = sq;
    return true;
  }

  /** The port has the command from now on. */
  handOver(command: DeviceCommand): void {
    command.status = NvmeStatus.success;
    command.dw0 = 0;
    command.dw1 = 0;
    command.atPort = true;
  }

  /** The slot of the next command, `undefined` when none is free. */
  get nextSlot(): DeviceCommand | undefined {
    return this.#freeCount === 0 ? undefined : this.commands[this.#free[this.#freeCount - 1]!];
  }

  /** Undoes `take`: the entry is at the head again. */
  putBack(sq: SubmissionQueue, command: DeviceCommand): void {
    sq.head = sq.head === 0 ? sq.size - 1 : sq.head - 1;
    sq.cq.room += 1;
    sq.inFlight -= 1;
    sq.disclaim(command.cid);
    this.#release(command);
  }

  #ended(command: DeviceCommand): void {
    assert(command.atPort, 'a command ends once');
    command.atPort = false;
    const sq = command.sq;
    this.#release(command);
    if (sq === undefined) return;
    const status =
      sq.deleting && (command.status & STATUS_CODE_MASK) === NvmeStatus.abortRequested
        ? NvmeStatus.abortedSqDeletion
        : command.status;
    const isAdminDone = sq.id === 0 && status === NvmeStatus.success;
    if (isAdminDone && this.#events.commandSucceeded(command.sqe)) this.wake(0);
    this.#done(sq, command.cid, status, command.dw0, command.dw1);
    if (sq.shadowAt >= 0 && this.#doorbells.buffer.policy === 'idle') this.wake(0);
    if (this.#starved) {
      this.#starved = false;
      this.wake(0);
    }
    if (sq.deleting && sq.inFlight === 0) this.#host.queueDrained(sq);
  }

  #release(command: DeviceCommand): void {
    command.sq = undefined;
    this.#free[this.#freeCount++] = command.slot;
  }

  /** A command that was in flight has ended. */
  #done(sq: SubmissionQueue, cid: number, status: number, dw0: number, dw1: number): void {
    sq.inFlight -= 1;
    sq.disclaim(cid);
    this.#post(sq, cid, status, dw0, dw1);
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
    if (!cq.interruptEnabled) return;
    if (cq.id === 0) this.#interrupts.note(cq.vector);
    else this.#interrupts.noteIo(cq.vector);
  }
}
