import { describe, expect, it } from 'vitest';
import { AdminOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { createdQueues } from './created-queues.ts';
import { DriverWorld, started, WITH_SHADOWS } from './driver-world.ts';

describe('queues', () => {
  it('have vectors of their own, and share them where there are too few', () => {
    const vectors = (vectorCount: number) =>
      createdQueues({ device: { vectorCount }, driver: { ioQueues: 4 } })
        .filter(({ opcode }) => opcode === AdminOpcode.createIoCq)
        .map(({ cdw11 }) => cdw11 >>> 16);
    expect(vectors(5)).toEqual([1, 2, 3, 4]);
    expect(vectors(3)).toEqual([1, 2, 0, 1]);
  });

  it('that are polled have no interrupts, and are served by polling alone', () => {
    const options = { driver: { ioQueues: 3, polledQueues: 2 } };
    const flags = createdQueues(options)
      .filter(({ opcode }) => opcode === AdminOpcode.createIoCq)
      .map(({ cdw11 }) => cdw11 & 3);
    expect(flags).toEqual([3, 1, 1]);
    const world = started(options);
    expect(world.do(world.request(), 1)).toBe(0);
    const request = world.request();
    world.do(request, 2);
    world.driver.interruptPin(true);
    world.driver.interruptPin(false);
    for (let vector = 0; vector < 4; vector++) world.driver.interrupt(vector);
    world.executor.runUntilIdle();
    expect(request.ends).toBe(0);
    world.driver.poll(2);
    world.executor.runUntilIdle();
    expect([request.ends, request.status]).toEqual([1, 0]);
  });

  it('that are polled are looked into when a command is late', () => {
    const world = started({ driver: { polledQueues: 1, timeoutNs: 1_000_000 } });
    const request = world.request();
    world.do(request);
    world.pass(1_000_000);
    expect([request.ends, request.status]).toEqual([1, 0]);
    expect(world.driver.counters().aborts).toBe(0);
  });

  it('are created in pairs, the completion queue first, as deep as the controller allows', () => {
    const created = createdQueues({
      device: { maxQueueEntries: 16 },
      driver: { ioQueues: 2, queueEntries: 64 },
    });
    expect(created.map(({ opcode, cdw10 }) => [opcode, cdw10 & 0xffff, cdw10 >>> 16])).toEqual([
      [AdminOpcode.createIoCq, 1, 15],
      [AdminOpcode.createIoSq, 1, 15],
      [AdminOpcode.createIoCq, 2, 15],
      [AdminOpcode.createIoSq, 2, 15],
    ]);
  });
});

describe('shadow doorbells', () => {
  it('take two pages, which a shutdown gives back', () => {
    const [plain, shadowed] = [{}, WITH_SHADOWS].map((options) => {
      const world = new DriverWorld(options);
      const before = world.pages.freePages;
      expect(world.start()).toBeUndefined();
      const taken = before - world.pages.freePages;
      world.driver.shutdown(() => undefined);
      world.executor.runUntilIdle();
      expect(world.pages.freePages).toBe(before);
      return taken;
    });
    expect(shadowed! - plain!).toBe(2);
  });

  it('are done without when there are no pages, or when the controller does not want to', () => {
    const taken = started().pages.size / 4096 - started().pages.freePages;
    const tight = started({ ...WITH_SHADOWS, pages: taken });
    expect(tight.do(tight.request())).toBe(0);
    expect(tight.driver.counters().shadowDoorbells).toBe(0);
    const unwilling = started({
      test: { ...WITH_SHADOWS.test, limits: { oacs: 0 } },
    });
    expect(unwilling.port.reported.map(([, , status]) => status & 0x7ff)).toEqual([
      NvmeStatus.invalidOpcode,
    ]);
    expect(unwilling.do(unwilling.request())).toBe(0);
    expect(unwilling.driver.counters().shadowDoorbells).toBe(0);
  });
});
