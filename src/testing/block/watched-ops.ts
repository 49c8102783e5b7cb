/** Stands between a block layer and a driver and judges both: requests by the limits, ends by the laws. */
import { SgList } from '../../base/sg-list.ts';
import { BioFlag, BioOp, type QueueLimits, SECTOR_BYTES } from '../../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  type TimeoutVerdict,
} from '../../interfaces/blk-mq.ts';
import { BlockLaw, blockLaw } from './block-laws.ts';

/** A driver that passes everything on and throws `BlockLawError` when either side breaks a law. */
export class WatchedOps implements BlkMqOps {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly hardwareQueueCount: number;
  readonly queueDepth: number;
  /** Sectors of the reads and writes that the driver took. */
  sectorsSeen = 0;
  /** Requests that the driver has. */
  inFlight = 0;
  readonly #inner: BlkMqOps;
  readonly #held = new Map<number, Request>();
  readonly #twins = new Map<Request, Request>();
  #isInside = false;

  constructor(inner: BlkMqOps) {
    this.limits = inner.limits;
    this.capacitySectors = inner.capacitySectors;
    this.hardwareQueueCount = inner.hardwareQueueCount;
    this.queueDepth = inner.queueDepth;
    this.#inner = inner;
  }

  queueRq(hardwareQueue: number, request: Request, last: boolean): QueueRqResult {
    checkRequest(this.limits, this.capacitySectors, request);
    const inRange = request.tag >= 0 && request.tag < this.queueDepth;
    blockLaw(inRange && hardwareQueue < this.hardwareQueueCount, BlockLaw.tags, 'tag in range');
    const key = hardwareQueue * this.queueDepth + request.tag;
    blockLaw(!this.#held.has(key), BlockLaw.tags, `tag ${request.tag} is held already`);
    const twin = this.#twin(key, request);
    this.#held.set(key, twin);
    this.inFlight += 1;
    this.#isInside = true;
    const result = this.#inner.queueRq(hardwareQueue, twin, last);
    this.#isInside = false;
    if (result === QueueRqResult.ok) {
      if (hasData(request.op)) this.sectorsSeen += request.sectorCount;
    } else {
      this.#held.delete(key);
      this.inFlight -= 1;
    }
    return result;
  }

  commitRqs(hardwareQueue: number): void {
    this.#isInside = true;
    this.#inner.commitRqs(hardwareQueue);
    this.#isInside = false;
  }

  timeout(request: Request): TimeoutVerdict {
    return this.#inner.timeout(this.#twins.get(request) ?? request);
  }

  /** The request as the driver sees it: its `end` is ours. */
  #twin(key: number, request: Request): Request {
    const twin: Request = {
      ioId: request.ioId,
      op: request.op,
      sector: request.sector,
      sectorCount: request.sectorCount,
      flags: request.flags,
      tag: request.tag,
      memory: request.memory,
      data: new SgList(),
      raw: request.raw,
      status: request.status,
      result: request.result,
      end: (ended) => {
        blockLaw(!this.#isInside, BlockLaw.endsLater, 'a request ended inside queueRq');
        const isHeld = this.#held.get(key) === twin;
        blockLaw(isHeld, BlockLaw.endsOnce, `request of tag ${request.tag} ended again`);
        this.#held.delete(key);
        this.#twins.delete(request);
        this.inFlight -= 1;
        request.status = ended.status;
        request.result = ended.result;
        request.end(request);
      },
      requeue: (_, sectorsDone) => {
        blockLaw(!this.#isInside, BlockLaw.endsLater, 'a request came back inside queueRq');
        const isHeld = this.#held.get(key) === twin;
        blockLaw(isHeld, BlockLaw.endsOnce, `request of tag ${request.tag} came back again`);
        this.#held.delete(key);
        this.#twins.delete(request);
        this.inFlight -= 1;
        request.requeue(request, sectorsDone);
      },
    };
    twin.data.append(request.data);
    this.#twins.set(request, twin);
    return twin;
  }
}

function hasData(op: BioOp): boolean {
  return op === BioOp.read || op === BioOp.write;
}

function checkRequest(limits: QueueLimits, capacity: number, request: Request): void {
  const { op, sector, sectorCount, flags, data } = request;
  const keep = (holds: boolean, what: string): void =>
    blockLaw(holds, BlockLaw.limits, `${what} (${sector}+${sectorCount})`);
  keep((flags & BioFlag.preflush) === 0 || op === BioOp.flush, 'PREFLUSH does not reach a driver');
  if (op === BioOp.flush) {
    keep(limits.writeCache, 'a flush needs a write cache');
    return;
  }
  keep((flags & BioFlag.fua) === 0 || limits.fua, 'FUA needs a driver that honours it');
  keep(sector >= 0 && sectorCount > 0 && sector + sectorCount <= capacity, 'inside the device');
  const block = limits.logicalBlockSize / SECTOR_BYTES;
  keep(sector % block === 0 && sectorCount % block === 0, 'logicalBlockSize');
  if (op === BioOp.discard) keep(sectorCount <= limits.maxDiscardSectors, 'maxDiscardSectors');
  if (op === BioOp.writeZeroes) {
    keep(sectorCount <= limits.maxWriteZeroesSectors, 'maxWriteZeroesSectors');
  }
  if (!hasData(op)) return;
  keep(sectorCount <= limits.maxSectors, 'maxSectors');
  const { chunkSectors } = limits;
  keep(chunkSectors === 0 || (sector % chunkSectors) + sectorCount <= chunkSectors, 'chunkSectors');
  keep(data.byteLength === sectorCount * SECTOR_BYTES, 'as much memory as sectors');
  checkSegments(limits, data, keep);
}

function checkSegments(
  limits: QueueLimits,
  data: SgList,
  keep: (holds: boolean, what: string) => void,
): void {
  keep(data.count <= limits.maxSegments, 'maxSegments');
  const boundary = limits.segBoundaryMask + 1;
  const gap = limits.virtBoundaryMask + 1;
  for (let i = 0; i < data.count; i++) {
    const start = data.gpa(i);
    const length = data.lengths[i]!;
    keep(length > 0 && length <= limits.maxSegmentSize, 'maxSegmentSize');
    keep((start % boundary) + length <= boundary, 'segBoundaryMask');
    keep(i === 0 || start % gap === 0, 'virtBoundaryMask');
    keep(i === data.count - 1 || (start + length) % gap === 0, 'virtBoundaryMask');
  }
}
