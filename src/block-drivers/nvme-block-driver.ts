/**
 * A namespace as a block device: requests of the block layer become commands of an NVMe driver's queues.
 *
 * Each I/O queue is a hardware queue. What ended with a status that may be retried is sent again up to {@link NVME_MAX_RETRIES} times.
 *
 * Does not model: discard and write zeroes, metadata, controller reset by timeout (a request that takes too long is aborted).
 */
import { ConfigError } from '../base/assert.ts';
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
import type { NvmeHost, NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { sgIsMapped } from '../memory/sg-copy.ts';
import { makeTask } from '../sim/task.ts';
import { IoControl } from '../wire/nvme-entries.ts';
import { IoOpcode } from '../wire/nvme-opcodes.ts';
import { blkStatusOfNvme, isNvmeRetryable, NVME_MAX_RETRIES } from './nvme-blk-status.ts';

/** How a {@link NvmeBlockDriver} is made. */
export interface NvmeBlockOptions {
  /** The namespace; the first of the driver's unless given. */
  nsid?: number;
  /** Tags of each queue: no more than its entries less one. 64 unless given. */
  queueDepth?: number;
  /**
   * Every memory that requests come with shows its bytes at the same addresses as the driver's own: requests of another memory are
   * taken too, when all of their data is mapped in it.
   */
  sharesAddresses?: boolean;
  owner?: string;
}

class Slot implements NvmeHostRequest {
  ioId = 0;
  opcode = 0;
  nsid: number;
  slba = 0;
  nlb0 = 0;
  control = 0;
  raw: Int32Array | undefined = undefined;
  data: SgList = NO_DATA;
  status = 0;
  dw0 = 0;
  end: (request: NvmeHostRequest) => void;
  readonly index: number;
  readonly queueId: number;
  request: Request | undefined = undefined;
  retries = 0;

  constructor(index: number, queueId: number, nsid: number, end: (slot: Slot) => void) {
    this.index = index;
    this.queueId = queueId;
    this.nsid = nsid;
    this.end = () => end(this);
  }
}

const NO_DATA = new SgList(1);

/** One namespace of a started NVMe driver under blk-mq. */
export class NvmeBlockDriver implements BlkMqOps {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly hardwareQueueCount: number;
  readonly queueDepth: number;
  readonly #executor: Executor;
  readonly #host: NvmeHost;
  readonly #memory: GuestMemory;
  readonly #sharesAddresses: boolean;
  readonly #perBlock: number;
  readonly #slots: readonly Slot[];
  /** Slots whose command is to be sent again, or whose request ends without one. */
  readonly #later: IndexFifo;
  readonly #task: Task;

  /**
   * @param memory the memory that the NVMe driver was given: requests of another one end with an I/O error, but see `sharesAddresses`
   * @throws ConfigError when there is no such namespace
   */
  constructor(
    executor: Executor,
    host: NvmeHost,
    memory: GuestMemory,
    options: NvmeBlockOptions = {},
  ) {
    const namespace =
      options.nsid === undefined
        ? host.namespaces[0]
        : host.namespaces.find((each) => each.nsid === options.nsid);
    if (namespace === undefined) {
      throw new ConfigError('nsid', options.nsid, 'an active namespace of the NVMe driver');
    }
    const { blockBytes, blockCount, nsid } = namespace;
    this.queueDepth = options.queueDepth ?? 64;
    this.hardwareQueueCount = host.ioQueueCount;
    this.#executor = executor;
    this.#host = host;
    this.#memory = memory;
    this.#sharesAddresses = options.sharesAddresses ?? false;
    this.#perBlock = blockBytes / SECTOR_BYTES;
    this.capacitySectors = blockCount * this.#perBlock;
    this.limits = limitsOf(host, blockBytes);
    const count = this.hardwareQueueCount * this.queueDepth;
    const end = (slot: Slot): void => this.#ended(slot);
    this.#slots = Array.from(
      { length: count },
      (_, index) => new Slot(index, 1 + Math.floor(index / this.queueDepth), nsid, end),
    );
    this.#later = new IndexFifo(count);
    this.#task = makeTask(options.owner ?? 'nvme-block', () => this.#runLater());
  }

  queueRq(hardwareQueue: number, request: Request, last: boolean): QueueRqResult {
    const slot = this.#slots[hardwareQueue * this.queueDepth + request.tag]!;
    slot.request = request;
    slot.retries = 0;
    const isTaken =
      request.memory === this.#memory ||
      request.data.count === 0 ||
      (this.#sharesAddresses && sgIsMapped(request.memory, request.data));
    if (!isTaken || !this.#build(slot, request)) {
      slot.opcode = -1;
      slot.status = isTaken ? BlkStatus.notSupported : BlkStatus.ioError;
      this.#later.push(slot.index);
      this.#executor.post(this.#task);
      return QueueRqResult.ok;
    }
    if (!this.#host.queueRq(slot.queueId, slot)) {
      slot.request = undefined;
      return QueueRqResult.deviceResource;
    }
    if (last) this.#host.commitRqs(slot.queueId);
    return QueueRqResult.ok;
  }

  commitRqs(hardwareQueue: number): void {
    this.#host.commitRqs(hardwareQueue + 1);
  }

  timeout(request: Request): TimeoutVerdict {
    const slot = this.#slots.find((each) => each.request === request);
    if (slot !== undefined) this.#host.abort(slot);
    return TimeoutVerdict.resetTimer;
  }

  /** False for an operation that there is no command for. */
  #build(slot: Slot, request: Request): boolean {
    slot.ioId = request.ioId;
    slot.data = request.data;
    slot.raw = undefined;
    slot.slba = 0;
    slot.nlb0 = 0;
    slot.control = 0;
    switch (request.op) {
      case BioOp.flush:
        slot.opcode = IoOpcode.flush;
        return true;
      case BioOp.read:
      case BioOp.write:
        slot.opcode = request.op === BioOp.read ? IoOpcode.read : IoOpcode.write;
        slot.slba = request.sector / this.#perBlock;
        slot.nlb0 = request.sectorCount / this.#perBlock - 1;
        if ((request.flags & BioFlag.fua) !== 0) slot.control = IoControl.fua;
        return true;
      case BioOp.driverIn:
      case BioOp.driverOut:
        return buildRaw(slot, request.raw);
      default:
        return false;
    }
  }

  #ended(slot: Slot): void {
    if (isNvmeRetryable(slot.status) && slot.retries < NVME_MAX_RETRIES && slot.raw === undefined) {
      slot.retries += 1;
      this.#later.push(slot.index);
      this.#executor.post(this.#task);
      return;
    }
    this.#finish(slot, blkStatusOfNvme(slot.status));
    if (this.#later.count > 0) this.#executor.post(this.#task);
  }

  #finish(slot: Slot, status: BlkStatus): void {
    const request = slot.request!;
    slot.request = undefined;
    slot.data = NO_DATA;
    request.status = status;
    request.result = slot.raw === undefined ? 0 : slot.status;
    request.end(request);
  }

  #runLater(): void {
    for (let left = this.#later.count; left > 0; left--) {
      const slot = this.#slots[this.#later.shift()]!;
      if (slot.opcode < 0) {
        this.#finish(slot, slot.status as BlkStatus);
      } else if (this.#host.queueRq(slot.queueId, slot)) {
        this.#host.commitRqs(slot.queueId);
      } else {
        // The queue is full: the end of one of its commands brings us back.
        this.#later.push(slot.index);
      }
    }
  }
}

/** A raw command: sixteen words of a submission queue entry, of which the opcode and words 10 to 15 count. */
function buildRaw(slot: Slot, raw: Uint8Array | undefined): boolean {
  if (raw === undefined || raw.length !== 64) return false;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  slot.opcode = raw[0]!;
  slot.raw = Int32Array.from({ length: 6 }, (_, i) => view.getInt32(40 + 4 * i, true));
  return true;
}

function limitsOf(host: NvmeHost, blockBytes: number): QueueLimits {
  return {
    logicalBlockSize: blockBytes,
    physicalBlockSize: blockBytes,
    maxSectors: Math.floor(host.maxTransferBytes / SECTOR_BYTES),
    maxSegments: 128,
    maxSegmentSize: 0xffff_ffff,
    segBoundaryMask: 0xffff_ffff,
    // PRP entries: every page but the first and the last is whole. NVMe Base 2.0, 4.1.1.
    virtBoundaryMask: 4095,
    chunkSectors: 0,
    maxDiscardSectors: 0,
    discardGranularity: 0,
    discardAlignment: 0,
    maxWriteZeroesSectors: 0,
    writeCache: host.volatileWriteCache,
    fua: host.volatileWriteCache,
  };
}
