/** A scheduler alone: requests go in and come out, nothing merges, and time passes when the test says so. */
import { BlkRequest } from '../../src/block/blk-request.ts';
import type { IoScheduler } from '../../src/block/io-scheduler.ts';
import { BioOp } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeMemory } from './rig.ts';

interface RequestFields {
  op?: BioOp;
  sector?: number;
  sectorCount?: number;
  flags?: number;
  hardwareQueue?: number;
}

const memory = makeMemory();
const nothing = (): void => {};

export class SchedulerBench {
  readonly executor = new SimExecutor();
  /** How often the scheduler asked to be run. */
  runs = 0;
  readonly #scheduler: IoScheduler;

  constructor(scheduler: IoScheduler, hardwareQueueCount = 1) {
    this.#scheduler = scheduler;
    scheduler.attach({
      executor: this.executor,
      hardwareQueueCount,
      requestCount: 256,
      noMerges: 0,
      mergeBio: () => 0,
      mergeRequests: () => false,
      inserted: nothing,
      run: () => {
        this.runs += 1;
      },
    });
  }

  insert(fields: RequestFields = {}, atHead = false): BlkRequest {
    const request = new BlkRequest(fields.hardwareQueue ?? 0, 0, memory, nothing, nothing);
    request.op = fields.op ?? BioOp.read;
    request.sector = fields.sector ?? 0;
    request.sectorCount = fields.sectorCount ?? 8;
    request.flags = fields.flags ?? 0;
    request.insertedNs = this.executor.now;
    this.#scheduler.insert(request, atHead);
    return request;
  }

  dispatch(hardwareQueue = 0): BlkRequest | undefined {
    const request = this.#scheduler.dispatch(hardwareQueue);
    if (request !== undefined) request.startedNs = this.executor.now;
    return request;
  }

  end(request: BlkRequest): void {
    this.#scheduler.ended(request);
  }

  pass(ms: number): void {
    this.executor.runUntil(this.executor.now + ms * 1_000_000);
  }
}
