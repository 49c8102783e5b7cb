/** Stands before a driver and does all that a driver may do to a block layer: refuse, give back, do a part, take its time. */
import { SgList } from '../../base/sg-list.ts';
import { BioOp, BlkStatus, type QueueLimits, SECTOR_BYTES } from '../../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  type TimeoutVerdict,
} from '../../interfaces/blk-mq.ts';
import type { Executor } from '../../interfaces/executor.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { makeTask } from '../../sim/task.ts';

/** The longest that an end is put off. */
const LONGEST_NS = 50_000;

/** A driver of no bad will, and no patience. */
export class RestlessOps implements BlkMqOps {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly hardwareQueueCount: number;
  readonly queueDepth: number;
  readonly #executor: Executor;
  readonly #inner: BlkMqOps;
  readonly #chance: Prng;
  readonly #twins = new Map<Request, Request>();

  constructor(executor: Executor, inner: BlkMqOps, chance: Prng) {
    this.limits = inner.limits;
    this.capacitySectors = inner.capacitySectors;
    this.hardwareQueueCount = inner.hardwareQueueCount;
    this.queueDepth = inner.queueDepth;
    this.#executor = executor;
    this.#inner = inner;
    this.#chance = chance;
  }

  queueRq(hardwareQueue: number, request: Request, last: boolean): QueueRqResult {
    const chance = this.#chance;
    if (chance.oneIn(10)) {
      return chance.oneIn(2) ? QueueRqResult.resource : QueueRqResult.deviceResource;
    }
    if (chance.oneIn(10)) {
      this.#later(() => request.requeue(request, 0));
      return QueueRqResult.ok;
    }
    const twin = this.#twin(request, chance.oneIn(6) ? this.#part(request) : request.sectorCount);
    this.#twins.set(request, twin);
    return this.#inner.queueRq(hardwareQueue, twin, last);
  }

  commitRqs(hardwareQueue: number): void {
    this.#inner.commitRqs(hardwareQueue);
  }

  timeout(request: Request): TimeoutVerdict {
    return this.#inner.timeout(this.#twins.get(request) ?? request);
  }

  /** Sectors of which only a part is done: whole blocks, at least one; all when it has just one. */
  #part(request: Request): number {
    const block = this.limits.logicalBlockSize / SECTOR_BYTES;
    const blocks = request.sectorCount / block;
    return blocks < 2 ? request.sectorCount : (1 + this.#chance.below(blocks - 1)) * block;
  }

  /** The first sectors of the request, as the driver gets them. */
  #twin(request: Request, sectorCount: number): Request {
    const data = new SgList();
    if (request.op === BioOp.read || request.op === BioOp.write) {
      data.appendRange(request.data, 0, sectorCount * SECTOR_BYTES);
    }
    return {
      ...pick(request),
      sectorCount,
      data,
      end: ({ status, result }) =>
        this.#later(() => {
          this.#twins.delete(request);
          request.status = status;
          request.result = result;
          const isDone = sectorCount === request.sectorCount || status !== BlkStatus.ok;
          if (isDone) request.end(request);
          else request.requeue(request, sectorCount);
        }),
      requeue: (_, sectorsDone) => {
        this.#twins.delete(request);
        request.requeue(request, sectorsDone);
      },
    };
  }

  #later(what: () => void): void {
    const at = this.#executor.now + this.#chance.below(LONGEST_NS);
    this.#executor.schedule(makeTask('restless', what), at);
  }
}

function pick({ ioId, op, sector, flags, tag, memory, raw, status, result }: Request) {
  return { ioId, op, sector, flags, tag, memory, raw, status, result };
}
