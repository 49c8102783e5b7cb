/** What schedulers and merging do for whom, in virtual time: the table of docs/block.md. */
import { describe, expect, it } from 'vitest';
import { makeScheduler } from '../../src/block/make-scheduler.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  contextFlags,
  DEFAULT_LIMITS,
} from '../../src/interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../../src/interfaces/blk-mq.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { makeBio, makeMemory } from './rig.ts';

const MS = 1_000_000;
const memory = makeMemory();

/** A device that serves one request after the other, in the order in which it got them. */
class SerialDevice implements BlkMqOps {
  readonly limits = DEFAULT_LIMITS;
  readonly capacitySectors = 2 ** 31;
  readonly hardwareQueueCount = 1;
  readonly queueDepth: number;
  readonly #executor: SimExecutor;
  readonly #requestNs: number;
  readonly #sectorNs: number;
  #freeNs = 0;

  constructor(executor: SimExecutor, depth: number, requestNs: number, sectorNs = 0) {
    this.#executor = executor;
    this.queueDepth = depth;
    this.#requestNs = requestNs;
    this.#sectorNs = sectorNs;
  }

  queueRq(_: number, request: Request): QueueRqResult {
    const start = Math.max(this.#freeNs, this.#executor.now);
    this.#freeNs = start + this.#requestNs + request.sectorCount * this.#sectorNs;
    this.#executor.schedule(
      makeTask('serial', () => request.end(request)),
      this.#freeNs,
    );
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(): TimeoutVerdict {
    return TimeoutVerdict.resetTimer;
  }
}

/** Keeps so many bios in flight, each somewhere else, until `untilNs`; tells how long each took. */
function keepGoing(
  executor: SimExecutor,
  queue: RequestQueue,
  { op, depth, untilNs, context }: { op: BioOp; depth: number; untilNs: number; context: number },
): number[] {
  const took: number[] = [];
  const chance = makePrng(context);
  for (let i = 0; i < depth; i++) {
    const flags = BioFlag.sync | contextFlags(context);
    const bio = makeBio(memory, { op, gpa: i * 4096, flags });
    let since = 0;
    const submit = (each: Bio): void => {
      since = executor.now;
      each.sector = chance.below(1_000_000) * 64;
      queue.submitBio(each);
    };
    bio.end = () => {
      took.push(executor.now - since);
      if (executor.now < untilNs) submit(bio);
    };
    submit(bio);
  }
  return took;
}

const ms = (ns: number): string => (ns / MS).toFixed(1).padStart(7);

/** One reader against a flood of writes. */
function flooded(scheduler: string, depth: number, requestNs: number): string {
  const executor = new SimExecutor();
  const device = new SerialDevice(executor, depth, requestNs);
  const queue = new RequestQueue(executor, device, {
    scheduler: makeScheduler(scheduler),
    requestCount: 256,
  });
  const untilNs = 20_000 * MS;
  const writes = keepGoing(executor, queue, { op: BioOp.write, depth: 128, untilNs, context: 1 });
  const reads = keepGoing(executor, queue, { op: BioOp.read, depth: 1, untilNs, context: 2 });
  executor.runUntilIdle();
  const late = reads.slice(reads.length >> 1).sort((a, b) => a - b);
  const at = (share: number): string => ms(late[Math.floor(late.length * share)]!);
  const most = ms(late.at(-1)!);
  const perSecond = String(Math.round(writes.length / 20)).padStart(6);
  return `${scheduler.padEnd(11)} |${at(0.5)} |${at(0.99)} |${most} |${perSecond}`;
}

/** One stream of 4-KiB writes in plugs of 32, in or out of order: thousands of bios a second. */
function streamed(isSequential: boolean, noMerges: number): number {
  const executor = new SimExecutor();
  const device = new SerialDevice(executor, 64, 100_000, 500);
  const queue = new RequestQueue(executor, device, { noMerges });
  const chance = makePrng(1);
  for (let batch = 0; batch < 40; batch++) {
    queue.plug();
    for (let i = 0; i < 32; i++) {
      const sector = isSequential ? (batch * 32 + i) * 8 : chance.below(1_000_000) * 64;
      queue.submitBio(makeBio(memory, { op: BioOp.write, sector, gpa: i * 8192 }));
    }
    queue.unplug();
    executor.runUntilIdle();
  }
  return Math.round((40 * 32) / (executor.now / MS));
}

const HEAD = 'scheduler   | read ms: half | 99 % | most | writes/s';

describe('a reader among 128 writes', () => {
  it('waits for all of them under none, for a few under those that prefer it', () => {
    const rows = ['none', 'mq-deadline', 'kyber', 'bfq'].map((name) => flooded(name, 1, 2 * MS));
    expect(`\n${[HEAD, ...rows].join('\n')}\n`).toMatchInlineSnapshot(`
      "
      scheduler   | read ms: half | 99 % | most | writes/s
      none        |  258.0 |  258.0 |  258.0 |   503
      mq-deadline |   34.0 |   34.0 |   34.0 |   476
      kyber       |   18.0 |   18.0 |   18.0 |   451
      bfq         |  124.0 |  124.0 |  124.0 |   498
      "
    `);
  });

  it('of a device with a long queue of its own waits there, but under kyber not beyond its target', () => {
    const rows = ['none', 'mq-deadline', 'kyber'].map((name) => flooded(name, 128, 50_000));
    expect(`\n${[HEAD, ...rows].join('\n')}\n`).toMatchInlineSnapshot(`
      "
      scheduler   | read ms: half | 99 % | most | writes/s
      none        |    6.5 |    6.5 |    6.5 | 19851
      mq-deadline |    6.5 |    6.5 |    6.5 | 19851
      kyber       |    1.6 |    1.6 |    1.6 | 19457
      "
    `);
  });
});

it('merging speeds up a stream and leaves random writes alone', () => {
  expect({
    sequential: { apart: streamed(true, 2), merged: streamed(true, 0) },
    random: { apart: streamed(false, 2), merged: streamed(false, 0) },
  }).toMatchInlineSnapshot(`
    {
      "random": {
        "apart": 10,
        "merged": 10,
      },
      "sequential": {
        "apart": 10,
        "merged": 140,
      },
    }
  `);
});
