import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { Doorbells } from '../../src/nvme-driver/doorbells.ts';
import type { QueuePair } from '../../src/nvme-driver/queue-pair.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { type CountedRequest, started, WITH_SHADOWS } from './driver-world.ts';

const SHADOW = 0x1008;
const EVENT = 0x2008;

describe('Doorbells', () => {
  const memory = new RegionMemory([{ base: 0, size: 1 << 14 }]);
  let writes: [number, number][];
  let bells: Doorbells;
  let pair: QueuePair;

  beforeEach(() => {
    memory.fill(0, 0, 1 << 14);
    writes = [];
    const pci = {
      mmioWrite: (at: number, _size: number, value: number) => void writes.push([at, value]),
    } as unknown as PciFunction;
    bells = new Doorbells(memory, pci);
    pair = {
      ...{ sqDoorbell: 0x1008, cqDoorbell: 0x100c, shadowAt: -1, eventAt: -1 },
      ...{ tail: 0, rung: 0, head: 0, shown: 0 },
    } as QueuePair;
  });

  it('are registers where there are no shadows', () => {
    pair.tail = 5;
    expect(bells.ringTail(pair)).toBe(true);
    pair.head = 3;
    bells.ringHead(pair);
    expect(writes).toEqual([
      [0x1008, 5],
      [0x100c, 3],
    ]);
    expect([pair.rung, pair.shown, bells.mmioWrites, bells.shadowWrites]).toEqual([5, 3, 2, 0]);
  });

  it('write the register only when the shadow passes the event index', () => {
    pair.shadowAt = SHADOW;
    pair.eventAt = EVENT;
    memory.write32(EVENT, 0);
    memory.write32(EVENT + 4, 0xffff);
    pair.tail = 1;
    expect(bells.ringTail(pair)).toBe(true);
    pair.tail = 4;
    expect(bells.ringTail(pair)).toBe(false);
    pair.head = 2;
    bells.ringHead(pair);
    expect([memory.read32(SHADOW), memory.read32(SHADOW + 4)]).toEqual([4, 2]);
    memory.write32(EVENT, 5);
    pair.tail = 6;
    expect(bells.ringTail(pair)).toBe(true);
    memory.write32(EVENT + 4, 2);
    pair.head = 0;
    bells.ringHead(pair);
    expect(writes).toEqual([
      [0x1008, 1],
      [0x1008, 6],
      [0x100c, 0],
    ]);
    expect(bells.shadowWrites).toBe(2);
  });
});

describe('shadow doorbells of a driver', () => {
  it('spare the register writes of a busy queue, and none of its commands', () => {
    const counts = [false, true].map((shadowDoorbells) => {
      const world = started({ ...WITH_SHADOWS, driver: { shadowDoorbells } });
      const before = world.driver.counters().doorbells;
      const requests = Array.from({ length: 100 }, () => world.request());
      for (const request of requests) {
        world.driver.queueRq(1, request);
        world.driver.commitRqs(1);
      }
      world.executor.runUntilIdle();
      expect(requests.every(({ ends, status }) => ends === 1 && status === 0)).toBe(true);
      return world.driver.counters().doorbells - before;
    });
    expect(counts).toEqual([102, 1]);
  });

  it('are not used where the controller does not have them, and not for queues beyond the buffers', () => {
    const plain = started();
    plain.do(plain.request());
    expect(plain.driver.counters().shadowDoorbells).toBe(0);
    const wide = started({
      ...WITH_SHADOWS,
      device: { doorbellStride: 8, ioQueues: 4 },
      driver: { ioQueues: 4 },
    });
    for (let id = 1; id <= 4; id++) expect(wide.do(wide.request(), id)).toBe(0);
    const { shadowDoorbells } = wide.driver.counters();
    expect(shadowDoorbells).toBe(1);
  });

  it('end every command once, whatever the sizes of the queues and the load (P7, M14)', () => {
    checkProperty(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('empty', 'idle'),
        fc.nat(),
        (queueEntries, load, maxInFlight, batch, eventIndexPolicy, seed) => {
          const world = started({
            ...WITH_SHADOWS,
            device: { eventIndexPolicy, ioQueues: 2 },
            port: { maxInFlight },
            driver: { queueEntries, ioQueues: 2 },
            executor: { order: 'seeded', seed },
          });
          const { driver } = world;
          const requests = Array.from({ length: load }, () => world.request());
          const next = [0, 0, 0];
          const push = (queueId: number): void => {
            for (let i = 0; i < batch && next[queueId]! < requests.length; i++) {
              const request = requests[next[queueId]!]!;
              if (!driver.queueRq(queueId, request)) break;
              next[queueId]! += 1;
            }
            driver.commitRqs(queueId);
          };
          const fill = (queueId: number, others: CountedRequest[]): void => {
            for (const request of others) {
              request.end = () => {
                request.ends += 1;
                push(queueId);
              };
            }
            push(queueId);
          };
          fill(1, requests);
          world.executor.runUntilIdle();
          expect(requests.map(({ ends }) => ends)).toEqual(new Array<number>(load).fill(1));
          expect(driver.counters()).toMatchObject({ resets: 0, aborts: 0 });
        },
      ),
      runs(40, 200),
    );
  });

  it('are set up anew by a reset', () => {
    const world = started(WITH_SHADOWS);
    for (let life = 0; life < 3; life++) {
      const before = world.driver.counters();
      for (let i = 0; i < 5; i++) expect(world.do(world.request())).toBe(0);
      const after = world.driver.counters();
      expect(after.shadowDoorbells - before.shadowDoorbells).toBe(5);
      world.driver.resetController();
      world.executor.runUntilIdle();
      expect(world.driver.state).toBe('live');
    }
  });
});
