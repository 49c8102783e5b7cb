/** What the tests of the block layer share: bios in memory, and a driver whose requests end when the test says so. */
import { SgList } from '../../src/base/sg-list.ts';
import { RequestQueue, type RequestQueueOptions } from '../../src/block/request-queue.ts';
import {
  type Bio,
  BioOp,
  BlkStatus,
  DEFAULT_LIMITS,
  type QueueLimits,
} from '../../src/interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../../src/interfaces/blk-mq.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';

const MEMORY_BYTES = 1 << 22;

export function makeMemory(): RegionMemory {
  return new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);
}

/** How a bio of these tests is told apart: fields that are left out have the plainest value. */
export interface BioFields {
  op?: BioOp;
  sector?: number;
  sectorCount?: number;
  flags?: number;
  /** Address of the data when it is one run. */
  gpa?: number;
  /** Runs of memory as [address, bytes]. */
  runs?: readonly (readonly [number, number])[];
}

/** A bio that writes down how often it ended. */
export interface TestBio extends Bio {
  ends: number;
}

let nextIoId = 1;

export function makeBio(memory: RegionMemory, fields: BioFields = {}): TestBio {
  const { op = BioOp.read, sector = 0, sectorCount = 8, flags = 0, gpa = 0 } = fields;
  const data = new SgList();
  if (op === BioOp.read || op === BioOp.write) {
    const runs = fields.runs ?? (sectorCount > 0 ? [[gpa, sectorCount * 512] as const] : []);
    for (const [address, bytes] of runs) data.pushAddress(address, bytes);
  }
  const bio: TestBio = {
    ioId: nextIoId++,
    op,
    sector,
    sectorCount,
    flags,
    memory,
    data,
    status: BlkStatus.ok,
    ends: 0,
    end: () => {
      bio.ends += 1;
    },
  };
  return bio;
}

/** Runs what is due at this instant. */
export function settle(executor: SimExecutor): void {
  executor.runUntil(executor.now);
}

/** A driver that keeps what it is given until the test ends it. */
export class HeldDriver implements BlkMqOps {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly hardwareQueueCount: number;
  readonly queueDepth: number;
  /** Requests in the driver, oldest first. */
  readonly held: Request[] = [];
  /** Everything that happened, in words: `write 0+8 last`, `commit`. */
  readonly log: string[] = [];
  /** What `queueRq` answers next; `ok` when empty. */
  readonly answers: QueueRqResult[] = [];
  /** What `timeout` answers. */
  verdict: TimeoutVerdict = TimeoutVerdict.resetTimer;
  readonly timedOut: Request[] = [];
  /** Called after each end: runs what the queue put off to a later turn of the same instant. */
  settle: () => void = () => {};

  constructor(limits: Partial<QueueLimits> = {}, queueDepth = 4, hardwareQueueCount = 1) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.capacitySectors = 1 << 20;
    this.queueDepth = queueDepth;
    this.hardwareQueueCount = hardwareQueueCount;
  }

  queueRq(hardwareQueue: number, request: Request, last: boolean): QueueRqResult {
    const answer = this.answers.shift() ?? QueueRqResult.ok;
    if (answer !== QueueRqResult.ok) {
      this.log.push('full');
      return answer;
    }
    const op = Object.entries(BioOp).find(([, value]) => value === request.op)![0];
    const fua = (request.flags & 4) !== 0 ? ' fua' : '';
    const queue = this.hardwareQueueCount > 1 ? ` q${hardwareQueue}` : '';
    const span = request.op === BioOp.flush ? '' : ` ${request.sector}+${request.sectorCount}`;
    this.log.push(`${op}${span}${fua}${queue}${last ? '' : ' more'}`);
    this.held.push(request);
    return answer;
  }

  commitRqs(): void {
    this.log.push('commit');
  }

  timeout(request: Request): TimeoutVerdict {
    this.timedOut.push(request);
    return this.verdict;
  }

  /** Ends the oldest request, or the one at `index`. */
  endOne(status: BlkStatus = BlkStatus.ok, index = 0): void {
    const [request] = this.held.splice(index, 1);
    request!.status = status;
    request!.end(request!);
    this.settle();
  }

  /** Gives the oldest request back, with so many of its sectors done. */
  giveBack(sectorsDone = 0): void {
    const request = this.held.shift()!;
    request.requeue(request, sectorsDone);
    this.settle();
  }

  /** Ends all that is held and all that follows from it. */
  endAll(): void {
    while (this.held.length > 0) this.endOne();
  }

  /** The log since the last call. */
  takeLog(): string[] {
    return this.log.splice(0);
  }
}

/** A request queue over a held driver; its trace events as `Q 8+8`. */
export class QueueRig {
  readonly executor = new SimExecutor();
  readonly memory = makeMemory();
  readonly driver: HeldDriver;
  readonly events: string[] = [];
  readonly queue: RequestQueue;

  constructor(
    limits: Partial<QueueLimits> = {},
    depth = 4,
    hardwareQueues = 1,
    options: RequestQueueOptions = {},
  ) {
    this.driver = new HeldDriver(limits, depth, hardwareQueues);
    this.queue = new RequestQueue(this.executor, this.driver, {
      tracer: { event: (_, name, __, a, b) => this.events.push(`${name} ${a}+${b}`) },
      ...options,
    });
  }

  submit(fields: BioFields): TestBio {
    const bio = makeBio(this.memory, fields);
    this.queue.submitBio(bio);
    return bio;
  }
}
