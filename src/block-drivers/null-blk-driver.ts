/**
 * A driver without a device, after Linux's null_blk: it ends requests after a fixed time, with or without a medium behind them.
 *
 * Without a medium writes are thrown away and reads leave the memory as it is: the cost of the block layer alone. With `zoned` it has zones
 * (`zoned=1`): writes keep to their write pointers, and there are neither discards nor write zeroes.
 */
import {
  BioFlag,
  BioOp,
  BlkStatus,
  DEFAULT_LIMITS,
  type QueueLimits,
  SECTOR_BYTES,
} from '../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../interfaces/blk-mq.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { Medium, MediumStatus } from '../interfaces/medium.ts';
import { makeTask } from '../sim/task.ts';
import { blkStatusOfMedium } from './medium-status.ts';
import { type ZoneOptions, ZoneTable } from './zone-table.ts';

/** How a {@link NullBlkDriver} is made. */
export interface NullBlkOptions {
  /** Size in 512-byte sectors; the medium's when there is one, otherwise 2^21 (1 GiB). */
  capacitySectors?: number;
  /** Where the bytes are kept (`memory_backed`); without it they are not. */
  medium?: Medium;
  /** From the start of a request until it ends, in virtual nanoseconds (`completion_nsec`); 0 unless given. */
  completionNs?: number;
  /** Hardware queues (`submit_queues`); 1 unless given. */
  hardwareQueueCount?: number;
  /** Tags of each (`hw_queue_depth`); 64 unless given. */
  queueDepth?: number;
  /** Zones (`zoned`); none unless given. */
  zoned?: ZoneOptions;
  /** Limits other than the defaults. */
  limits?: Partial<QueueLimits>;
  owner?: string;
}

/** null_blk as a blk-mq driver. */
export class NullBlkDriver implements BlkMqOps {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly hardwareQueueCount: number;
  readonly queueDepth: number;
  /** Its zones, when it has some. */
  readonly zones: ZoneTable | undefined;
  readonly #executor: Executor;
  readonly #medium: Medium | undefined;
  readonly #completionNs: number;
  /** Requests in flight, first in first out, and when each of them ends: all take the same time. */
  readonly #ring: (Request | undefined)[];
  readonly #dueNs: Float64Array;
  #head = 0;
  #count = 0;
  readonly #task: Task;

  constructor(executor: Executor, options: NullBlkOptions = {}) {
    const { medium } = options;
    const sectorBytes = medium?.sectorBytes ?? SECTOR_BYTES;
    this.hardwareQueueCount = options.hardwareQueueCount ?? 1;
    this.queueDepth = options.queueDepth ?? 64;
    this.capacitySectors =
      options.capacitySectors ??
      (medium === undefined ? 2 ** 21 : (medium.sectorCount * sectorBytes) / SECTOR_BYTES);
    const { zoned } = options;
    this.zones = zoned && new ZoneTable(this.capacitySectors, zoned);
    this.limits = {
      ...DEFAULT_LIMITS,
      ...limitsOf(medium),
      ...(zoned && zonedLimits(zoned)),
      ...options.limits,
    };
    this.#executor = executor;
    this.#medium = medium;
    this.#completionNs = options.completionNs ?? 0;
    const slots = this.hardwareQueueCount * this.queueDepth;
    this.#ring = new Array<Request | undefined>(slots).fill(undefined);
    this.#dueNs = new Float64Array(slots);
    this.#task = makeTask(options.owner ?? 'null-blk', () => this.#endDue());
  }

  queueRq(_hardwareQueue: number, request: Request): QueueRqResult {
    let at = this.#head + this.#count;
    if (at >= this.#ring.length) at -= this.#ring.length;
    this.#ring[at] = request;
    this.#dueNs[at] = this.#executor.now + this.#completionNs;
    this.#count += 1;
    if (this.#task.slot === -1) this.#executor.schedule(this.#task, this.#dueNs[this.#head]!);
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(): TimeoutVerdict {
    return TimeoutVerdict.resetTimer;
  }

  #endDue(): void {
    const now = this.#executor.now;
    // Not those that come in meanwhile: a turn ends.
    for (let left = this.#count; left > 0 && this.#dueNs[this.#head]! <= now; left--) {
      const request = this.#ring[this.#head]!;
      this.#ring[this.#head] = undefined;
      this.#head = this.#head + 1 === this.#ring.length ? 0 : this.#head + 1;
      this.#count -= 1;
      request.status = this.#execute(request);
      request.end(request);
    }
    if (this.#count > 0) this.#executor.schedule(this.#task, this.#dueNs[this.#head]!);
  }

  #execute(request: Request): BlkStatus {
    const medium = this.#medium;
    if (request.op === BioOp.driverIn || request.op === BioOp.driverOut) {
      return BlkStatus.notSupported;
    }
    const { zones } = this;
    if (isZoneOp(request.op)) {
      const status = zones?.manage(request.op, request.sector) ?? BlkStatus.notSupported;
      const isReset = request.op === BioOp.zoneReset && status === BlkStatus.ok;
      if (!isReset || medium === undefined) return status;
    } else if (zones !== undefined && request.op === BioOp.write) {
      const status = zones.write(request.sector, request.sectorCount);
      if (status !== BlkStatus.ok) return status;
    }
    if (medium === undefined) return BlkStatus.ok;
    const perSector = medium.sectorBytes / SECTOR_BYTES;
    const sector = request.sector / perSector;
    const count = request.sectorCount / perSector;
    const isFua = (request.flags & BioFlag.fua) !== 0;
    let status: MediumStatus;
    if (request.op === BioOp.read) {
      status = medium.read(sector, count, request.memory, request.data, 0);
    } else if (request.op === BioOp.write) {
      status = medium.write(sector, count, isFua, request.memory, request.data, 0);
    } else if (request.op === BioOp.flush) {
      status = medium.flush();
    } else {
      status = medium.zero(sector, count, isFua);
    }
    return blkStatusOfMedium(status);
  }
}

function isZoneOp(op: BioOp): boolean {
  return op >= BioOp.zoneOpen && op <= BioOp.zoneReset;
}

/** No request crosses into another zone. */
function zonedLimits({ zoneSectors }: ZoneOptions): Partial<QueueLimits> {
  return { chunkSectors: zoneSectors, maxDiscardSectors: 0, maxWriteZeroesSectors: 0 };
}

function limitsOf(medium: Medium | undefined): Partial<QueueLimits> {
  if (medium === undefined) return {};
  return {
    logicalBlockSize: medium.sectorBytes,
    physicalBlockSize: medium.sectorBytes,
    maxDiscardSectors: 0xffff_ffff,
    discardGranularity: medium.sectorBytes,
    maxWriteZeroesSectors: 0xffff_ffff,
    writeCache: medium.writeCache,
    fua: medium.writeCache,
  };
}
