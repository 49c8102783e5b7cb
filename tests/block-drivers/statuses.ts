/** Runs one request on a driver and says how it ended. */
import { SgList } from '../../src/base/sg-list.ts';
import { BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import type { BlkMqOps, Request } from '../../src/interfaces/blk-mq.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';

export interface RequestFields {
  op?: BioOp;
  sector?: number;
  sectorCount?: number;
  flags?: number;
  tag?: number;
  raw?: Uint8Array;
  memory?: RegionMemory;
  gpa?: number;
}

export interface TestRequest extends Request {
  ends: number;
  /** Sectors that were done when it was given back, once for each time. */
  requeues: number[];
}

export const requestMemory = new RegionMemory([{ base: 0, size: 1 << 20 }]);

export function makeRequest(fields: RequestFields = {}): TestRequest {
  const { op = BioOp.read, sector = 0, sectorCount = 8, flags = 0, tag = 0, raw } = fields;
  const data = new SgList();
  if (op === BioOp.read || op === BioOp.write) {
    data.pushAddress(fields.gpa ?? 0, sectorCount * 512);
  }
  const request: TestRequest = {
    ioId: 1,
    op,
    sector,
    sectorCount: op === BioOp.flush ? 0 : sectorCount,
    flags,
    tag,
    memory: fields.memory ?? requestMemory,
    data,
    raw,
    status: BlkStatus.ok,
    result: 0,
    ends: 0,
    end: () => {
      request.ends += 1;
    },
    requeues: [],
    requeue: (_, sectorsDone) => {
      request.requeues.push(sectorsDone);
    },
  };
  return request;
}

/** Queues one request, runs, and gives its status as a name. */
export function statusOf(
  driver: BlkMqOps,
  executor: { runUntilIdle(): void },
  fields: RequestFields = {},
): string {
  const request = makeRequest(fields);
  driver.queueRq(0, request, true);
  if (request.ends > 0) return 'ended inside queueRq';
  executor.runUntilIdle();
  if (request.ends !== 1) return `ended ${request.ends} times`;
  return nameOfStatus(request.status);
}

export function nameOfStatus(status: BlkStatus): string {
  return Object.entries(BlkStatus).find(([, value]) => value === status)![0];
}
