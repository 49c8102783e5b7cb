import { beforeEach, describe, expect, it } from 'vitest';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import type { Doorbells } from '../../src/nvme-driver/doorbells.ts';
import { PairMaker } from '../../src/nvme-driver/pair-maker.ts';
import type { QueuePair } from '../../src/nvme-driver/queue-pair.ts';
import { Reaper } from '../../src/nvme-driver/reaper.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { cqe } from '../../src/wire/nvme-entries.ts';
import { DriverWorld } from './driver-world.ts';

const PLAN = { vector: 0, stride: 4, maxBytes: 4096, sglSupport: 0, sglThresholdBytes: 0 };

describe('Reaper', () => {
  const world = new DriverWorld();
  let executor: SimExecutor;
  let memory: RegionMemory;
  let pair: QueuePair;
  let log: unknown[];
  let posted: number;

  beforeEach(() => {
    executor = new SimExecutor();
    memory = new RegionMemory([{ base: 0, size: 1 << 16 }]);
    const pages = new PageAllocator(0x1000, 0x8000);
    pair = new PairMaker(memory, pages, 4096).make({ ...PLAN, id: 1, entries: 4 })!;
    log = [];
    posted = 0;
  });

  function reaper(interruptNs = 0, completeNs = 0): Reaper {
    const doorbells = {
      ringHead: ({ head }: QueuePair) => void log.push(`head ${head}`),
    } as unknown as Doorbells;
    const host = {
      completed: (_pair: QueuePair, cid: number, status: number, dw0: number) => {
        pair.take(cid);
        log.push([cid, status, dw0, executor.now]);
      },
      stray: (_pair: QueuePair, cid: number) => void log.push(`stray ${cid}`),
      reaped: () => void log.push('reaped'),
    };
    const made = new Reaper(executor, doorbells, host, interruptNs, completeNs);
    made.isServing = true;
    pair.reapTask = makeTask('test', () => made.reap(pair));
    return made;
  }

  function queued(): number {
    return pair.queue(world.request({}, 512, 0x9000), 0);
  }

  function post(cid: number, status = 0, dw0 = 0): void {
    const view = new DataView(memory.regions[0]!.bytes.buffer);
    const at = pair.at.cq + 16 * (posted % 4);
    cqe.cid.set(view, at, cid);
    cqe.status.set(view, at, status);
    cqe.dw0.set(view, at, dw0);
    cqe.phase.set(view, at, posted % 8 < 4 ? 1 : 0);
    posted += 1;
  }

  it('hands on all that is there and rings once', () => {
    const unit = reaper();
    const cids = [queued(), queued()];
    post(cids[1]!, 0x4002, 7);
    post(cids[0]!);
    unit.soon(pair);
    unit.soon(pair);
    expect(log).toEqual([]);
    executor.runUntilIdle();
    expect(log).toEqual([[cids[1], 0x4002, 7, 0], [cids[0], 0, 0, 0], 'head 2', 'reaped']);
    expect(unit.completions).toBe(2);
    unit.reap(pair);
    expect(log.length).toBe(4);
  });

  it('takes no completion for a command that is not with the controller', () => {
    const unit = reaper();
    const free = pair.depth - 2;
    const parked = queued();
    pair.park(parked, 0);
    for (const cid of [parked, free, 0xffff]) post(cid);
    unit.reap(pair);
    expect(log).toEqual([`stray ${parked}`, `stray ${free}`, 'stray 65535', 'head 3', 'reaped']);
    expect([pair.taken, unit.completions]).toEqual([1, 0]);
  });

  it('comes to an end with entries that a controller writes without end', () => {
    const unit = reaper();
    for (let i = 0; i < 4; i++) post(0x77);
    unit.reap(pair);
    expect(log.length).toBe(6);
    expect([pair.head, pair.phase]).toEqual([0, 0]);
  });

  it('takes its time for the interrupt and for each completion', () => {
    const unit = reaper(1000, 100);
    for (const cid of [queued(), queued(), queued()]) post(cid);
    unit.soon(pair);
    executor.runUntilIdle();
    expect(log.filter((each) => Array.isArray(each)).map((each) => (each as number[])[3])).toEqual([
      1000, 1100, 1200,
    ]);
  });

  it('looks again while the pin is high', () => {
    const unit = reaper();
    unit.pinIsHigh = true;
    post(queued());
    unit.reap(pair);
    expect(pair.reaping).toBe(true);
    post(queued());
    executor.runUntilIdle();
    expect(unit.completions).toBe(2);
    expect(pair.reaping).toBe(false);
  });

  it('rings nothing between two lives, and drains what is left without a doorbell', () => {
    const unit = reaper();
    unit.isServing = false;
    post(queued());
    unit.reap(pair);
    expect(log).toEqual([]);
    unit.drain(pair);
    expect(log.length).toBe(1);
    expect(unit.completions).toBe(1);
  });
});
