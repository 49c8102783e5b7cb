/**
 * The SCSI disk driver: probes a logical unit and turns requests into READ, WRITE and SYNCHRONIZE CACHE. After Linux's sd.
 *
 * Does not model: discard and write zeroes, media change, the error handler beyond abort (a request that takes too long is aborted and ends
 * with a timeout).
 */
import { IndexFifo } from '../base/index-fifo.ts';
import { SgList } from '../base/sg-list.ts';
import { BioFlag, BioOp, BlkStatus, type QueueLimits, SECTOR_BYTES } from '../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { AbortResult } from '../interfaces/request.ts';
import type { ScsiDevice, ScsiTask } from '../interfaces/scsi-task.ts';
import { makeTask } from '../sim/task.ts';
import { buildReadWrite, buildSynchronizeCache, ScsiStatus } from '../wire/scsi.ts';
import { Disposition, disposeOf } from './scsi-disposition.ts';
import { ScsiProbe } from './scsi-probe.ts';

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

class Slot implements ScsiTask {
  ioId = 0;
  lun = 0;
  readonly cdb = new Uint8Array(32);
  memory: GuestMemory;
  data: SgList = NO_DATA;
  status = 0;
  residualBytes = 0;
  readonly sense = new Uint8Array(96);
  senseLength = 0;
  end: (task: ScsiTask) => void;
  readonly index: number;
  request: Request | undefined = undefined;
  retries = 0;
  startedNs = 0;
  isTimedOut = false;
  /** Ends with this status without a command, when it is not `ok`. */
  refusal: BlkStatus = BlkStatus.ok;

  constructor(index: number, memory: GuestMemory, end: (slot: Slot) => void) {
    this.index = index;
    this.memory = memory;
    this.end = () => end(this);
  }
}

const NO_DATA = new SgList(1);

/** sd as a blk-mq driver; it has limits and a size once `start` is done. */
export class ScsiDriver implements BlkMqOps {
  readonly hardwareQueueCount = 1;
  readonly queueDepth: number;
  readonly #executor: Executor;
  readonly #device: ScsiDevice;
  readonly #probe: ScsiProbe;
  readonly #slots: readonly Slot[];
  readonly #again: IndexFifo;
  readonly #againTask: Task;
  readonly #later: IndexFifo;
  readonly #laterTask: Task;

  constructor(executor: Executor, device: ScsiDevice, options: ScsiDriverOptions = {}) {
    const owner = options.owner ?? 'scsi-driver';
    this.queueDepth = options.queueDepth ?? 32;
    this.#executor = executor;
    this.#device = device;
    this.#probe = new ScsiProbe(executor, device, owner);
    const end = (slot: Slot): void => this.#ended(slot);
    const { memory } = this.#probe;
    this.#slots = Array.from(
      { length: this.queueDepth },
      (_, index) => new Slot(index, memory, end),
    );
    this.#again = new IndexFifo(this.queueDepth);
    this.#againTask = makeTask(owner, () => this.#resend(this.#again));
    this.#later = new IndexFifo(this.queueDepth);
    this.#laterTask = makeTask(owner, () => this.#resend(this.#later));
  }

  /** What the disk can do, as the probe found it. */
  get limits(): QueueLimits {
    return this.#probe.limits;
  }

  get capacitySectors(): number {
    return this.#probe.capacitySectors;
  }

  /** Asks the unit what it is; `done` gets `undefined`, or why it cannot be used. Never called inside `start`. */
  start(done: (failure: string | undefined) => void): void {
    this.#probe.start(done);
  }

  queueRq(_hardwareQueue: number, request: Request): QueueRqResult {
    const slot = this.#slots[request.tag]!;
    slot.request = request;
    slot.ioId = request.ioId;
    slot.memory = request.memory;
    slot.data = request.data;
    slot.retries = 0;
    slot.isTimedOut = false;
    slot.startedNs = this.#executor.now;
    slot.refusal = this.#build(slot, request);
    if (slot.refusal === BlkStatus.ok) this.#device.submit(slot);
    else this.#sendAgain(slot);
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(request: Request): TimeoutVerdict {
    const slot = this.#slots[request.tag]!;
    slot.isTimedOut = true;
    return this.#device.abort(slot) === AbortResult.aborted
      ? TimeoutVerdict.done
      : TimeoutVerdict.resetTimer;
  }

  #build(slot: Slot, request: Request): BlkStatus {
    switch (request.op) {
      case BioOp.read:
      case BioOp.write: {
        const perBlock = this.limits.logicalBlockSize / SECTOR_BYTES;
        const isFua = (request.flags & BioFlag.fua) !== 0;
        const lba = request.sector / perBlock;
        const blocks = request.sectorCount / perBlock;
        buildReadWrite(slot.cdb, request.op === BioOp.write, lba, blocks, isFua);
        return BlkStatus.ok;
      }
      case BioOp.flush:
        slot.data = NO_DATA;
        buildSynchronizeCache(slot.cdb);
        return BlkStatus.ok;
      case BioOp.driverIn:
      case BioOp.driverOut:
        if (request.raw === undefined || request.raw.length > 16) return BlkStatus.ioError;
        slot.cdb.fill(0);
        slot.cdb.set(request.raw);
        return BlkStatus.ok;
      default:
        return BlkStatus.notSupported;
    }
  }

  #ended(slot: Slot): void {
    const request = slot.request!;
    if (request.op === BioOp.driverIn || request.op === BioOp.driverOut) {
      this.#finish(slot, slot.status === ScsiStatus.good ? BlkStatus.ok : BlkStatus.ioError);
      return;
    }
    const disposition = slot.isTimedOut ? BlkStatus.timeout : disposeOf(slot);
    if (disposition === Disposition.retry) {
      slot.retries += 1;
      if (slot.retries > SCSI_MAX_RETRIES) this.#finish(slot, BlkStatus.ioError);
      else this.#sendAgain(slot);
    } else if (disposition === Disposition.retryLater) {
      const { now } = this.#executor;
      if (now - slot.startedNs >= SCSI_PATIENCE_NS) {
        this.#finish(slot, BlkStatus.ioError);
      } else {
        this.#later.push(slot.index);
        if (this.#laterTask.slot === -1) {
          this.#executor.schedule(this.#laterTask, now + SCSI_BUSY_DELAY_NS);
        }
      }
    } else {
      this.#finish(slot, disposition);
    }
  }

  #sendAgain(slot: Slot): void {
    this.#again.push(slot.index);
    this.#executor.post(this.#againTask);
  }

  #resend(slots: IndexFifo): void {
    for (let left = slots.count; left > 0; left--) {
      const slot = this.#slots[slots.shift()]!;
      if (slot.isTimedOut) this.#finish(slot, BlkStatus.timeout);
      else if (slot.refusal !== BlkStatus.ok) this.#finish(slot, slot.refusal);
      else this.#device.submit(slot);
    }
  }

  #finish(slot: Slot, status: BlkStatus): void {
    const request = slot.request!;
    slot.request = undefined;
    slot.data = NO_DATA;
    request.status = status;
    request.result = slot.status;
    request.end(request);
  }
}
