/**
 * The SCSI disk driver: probes a logical unit, turns requests into commands, and judges how they end. After Linux's sd and its error handler.
 *
 * A command that takes too long is aborted and sent again. One that cannot be aborted, or ended in a way that nothing follows from, waits for
 * the error handler, which begins when the device has no other command: it resets the unit, the target, the bus, the host, and when none of
 * these helps the unit is offline. Until then no new command is taken.
 *
 * Does not model: media change, several units of one host.
 */
import { IndexFifo } from '../base/index-fifo.ts';
import { BioOp, BlkStatus, type QueueLimits } from '../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { AbortResult } from '../interfaces/request.ts';
import type { ScsiDevice } from '../interfaces/scsi-task.ts';
import { makeTask } from '../sim/task.ts';
import { ScsiStatus } from '../wire/scsi.ts';
import { ScsiCdbBuilder } from './scsi-cdb-builder.ts';
import { Disposition, disposeOf } from './scsi-disposition.ts';
import { ScsiErrorHandler } from './scsi-error-handler.ts';
import { ScsiProbe } from './scsi-probe.ts';
import { NO_DATA, ScsiSlot } from './scsi-slot.ts';

/** How often a command is tried again: 5 times. */
export const SCSI_MAX_RETRIES = 5;
/** After how long a busy device is tried again: 3 ms. */
export const SCSI_BUSY_DELAY_NS = 3_000_000;
/** How long a device may be busy with one command before it fails: six times 30 s. */
export const SCSI_PATIENCE_NS = 180_000_000_000;

/** How a {@link ScsiDriver} is made. */
export interface ScsiDriverOptions {
  /** Commands at once; 32 unless given. */
  queueDepth?: number;
  owner?: string;
}

/** sd as a blk-mq driver; it has limits and a size once `start` is done. */
export class ScsiDriver implements BlkMqOps {
  readonly hardwareQueueCount = 1;
  readonly queueDepth: number;
  readonly #executor: Executor;
  readonly #device: ScsiDevice;
  readonly #probe: ScsiProbe;
  readonly #builder: ScsiCdbBuilder;
  readonly #handler: ScsiErrorHandler;
  readonly #slots: readonly ScsiSlot[];
  readonly #again: IndexFifo;
  readonly #againTask: Task;
  readonly #later: IndexFifo;
  readonly #laterTask: Task;
  /** Commands with the device that did not fail. */
  #busyCount = 0;
  /** Commands that wait for the error handler. */
  #failedCount = 0;
  #isHandling = false;
  #isOffline = false;

  constructor(executor: Executor, device: ScsiDevice, options: ScsiDriverOptions = {}) {
    const owner = options.owner ?? 'scsi-driver';
    const queueDepth = options.queueDepth ?? 32;
    this.queueDepth = queueDepth;
    this.#executor = executor;
    this.#device = device;
    this.#probe = new ScsiProbe(executor, device, owner);
    this.#builder = new ScsiCdbBuilder(this.#probe, queueDepth);
    const end = (slot: ScsiSlot): void => this.#ended(slot);
    const { memory } = this.#probe;
    this.#slots = Array.from({ length: queueDepth }, (_, i) => new ScsiSlot(i, memory, end));
    this.#handler = new ScsiErrorHandler(
      executor,
      device,
      owner,
      () => this.#slots.every((slot) => !slot.isOut),
      () => this.#recovered(),
      () => this.#gaveUp(),
    );
    this.#again = new IndexFifo(queueDepth);
    this.#againTask = makeTask(owner, () => this.#resend(this.#again));
    this.#later = new IndexFifo(queueDepth);
    this.#laterTask = makeTask(owner, () => this.#resend(this.#later));
  }

  /** What the disk can do, as the probe found it. */
  get limits(): QueueLimits {
    return this.#probe.limits;
  }

  get capacitySectors(): number {
    return this.#probe.capacitySectors;
  }

  /** Has the error handler given the unit up? Every request then ends as offline. */
  get isOffline(): boolean {
    return this.#isOffline;
  }

  /** Asks the unit what it is; `done` gets `undefined`, or why it cannot be used. Never called inside `start`. */
  start(done: (failure: string | undefined) => void): void {
    this.#probe.start(done);
  }

  queueRq(_hardwareQueue: number, request: Request): QueueRqResult {
    // While the error handler works nothing new is begun; what waits for it ends, and then this is asked again.
    if (this.#failedCount > 0) return QueueRqResult.deviceResource;
    const slot = this.#slots[request.tag]!;
    slot.request = request;
    slot.ioId = request.ioId;
    slot.memory = request.memory;
    slot.data = request.data;
    slot.retries = 0;
    slot.isTimedOut = false;
    slot.startedNs = this.#executor.now;
    slot.refusal = this.#isOffline ? BlkStatus.offline : this.#builder.build(slot, request);
    if (slot.refusal === BlkStatus.ok) this.#submit(slot);
    else this.#sendAgain(slot);
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(request: Request): TimeoutVerdict {
    const slot = this.#slots[request.tag]!;
    if (slot.isFailed) return TimeoutVerdict.resetTimer;
    if (!slot.isOut) {
      slot.isTimedOut = true;
    } else if (!slot.isAborting && this.#device.abort(slot) === AbortResult.aborted) {
      slot.isAborting = true;
    } else {
      this.#fail(slot);
    }
    return TimeoutVerdict.resetTimer;
  }

  #submit(slot: ScsiSlot): void {
    slot.isOut = true;
    slot.isAborting = false;
    this.#busyCount += 1;
    this.#device.submit(slot);
  }

  #ended(slot: ScsiSlot): void {
    slot.isOut = false;
    // The error handler decides about it, or has given it up long ago.
    if (slot.isFailed || slot.request === undefined) return;
    this.#busyCount -= 1;
    this.#judge(slot, slot.request);
    this.#handleErrors();
  }

  #judge(slot: ScsiSlot, request: Request): void {
    if (slot.isAborting && slot.status !== ScsiStatus.good) {
      this.#retry(slot, BlkStatus.timeout);
      return;
    }
    if (request.op === BioOp.driverIn || request.op === BioOp.driverOut) {
      this.#finish(slot, slot.status === ScsiStatus.good ? BlkStatus.ok : BlkStatus.ioError);
      return;
    }
    const disposition = disposeOf(slot);
    switch (disposition) {
      case Disposition.retry:
        this.#retry(slot, BlkStatus.ioError);
        break;
      case Disposition.retryLater:
        this.#retryLater(slot);
        break;
      case Disposition.fail:
        this.#fail(slot);
        break;
      default:
        if (disposition === BlkStatus.target) this.#builder.learn(slot);
        this.#finish(slot, disposition);
    }
  }

  #retry(slot: ScsiSlot, otherwise: BlkStatus): void {
    slot.retries += 1;
    if (slot.retries > SCSI_MAX_RETRIES) this.#finish(slot, otherwise);
    else this.#sendAgain(slot);
  }

  #retryLater(slot: ScsiSlot): void {
    const { now } = this.#executor;
    if (now - slot.startedNs >= SCSI_PATIENCE_NS) {
      this.#finish(slot, BlkStatus.ioError);
      return;
    }
    this.#later.push(slot.index);
    if (this.#laterTask.slot === -1) {
      this.#executor.schedule(this.#laterTask, now + SCSI_BUSY_DELAY_NS);
    }
  }

  /** The command waits for the error handler. */
  #fail(slot: ScsiSlot): void {
    if (slot.isOut) this.#busyCount -= 1;
    slot.isFailed = true;
    this.#failedCount += 1;
    this.#handleErrors();
  }

  /** The handler begins when the device has no other command. */
  #handleErrors(): void {
    if (this.#failedCount === 0 || this.#busyCount > 0 || this.#isHandling) return;
    this.#isHandling = true;
    this.#handler.start();
  }

  #recovered(): void {
    this.#settleFailed(false);
    this.#executor.post(this.#againTask);
    this.#executor.post(this.#laterTask);
  }

  #gaveUp(): void {
    this.#isOffline = true;
    this.#settleFailed(true);
    this.#executor.post(this.#againTask);
    this.#executor.post(this.#laterTask);
  }

  /** What waited for the handler is sent again, or has had its time. */
  #settleFailed(isLost: boolean): void {
    this.#failedCount = 0;
    this.#isHandling = false;
    for (const slot of this.#slots) {
      if (!slot.isFailed) continue;
      slot.isFailed = false;
      if (isLost) this.#finish(slot, BlkStatus.timeout);
      else this.#retry(slot, BlkStatus.timeout);
    }
  }

  #sendAgain(slot: ScsiSlot): void {
    this.#again.push(slot.index);
    this.#executor.post(this.#againTask);
  }

  #resend(slots: IndexFifo): void {
    // They stay where they are until the error handler is done.
    if (this.#failedCount > 0) return;
    for (let left = slots.count; left > 0; left--) {
      const slot = this.#slots[slots.shift()]!;
      if (slot.isTimedOut) this.#finish(slot, BlkStatus.timeout);
      else if (this.#isOffline) this.#finish(slot, BlkStatus.offline);
      else if (slot.refusal !== BlkStatus.ok) this.#finish(slot, slot.refusal);
      else this.#submit(slot);
    }
  }

  #finish(slot: ScsiSlot, status: BlkStatus): void {
    const request = slot.request!;
    slot.request = undefined;
    slot.data = NO_DATA;
    request.status = status;
    request.result = slot.status;
    request.end(request);
  }
}
