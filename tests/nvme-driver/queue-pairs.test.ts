import { describe, expect, it } from 'vitest';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { NvmePciFunction } from '../../src/nvme-device/index.ts';
import { ABORTED_BY_HOST } from '../../src/nvme-driver/index.ts';
import { endRequest } from '../../src/nvme-driver/queue-pairs.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { DriverWorld } from './driver-world.ts';

describe('queue pairs', () => {
  it('go with their requests when the controller grants fewer of them after a reset', () => {
    let current: NvmePciFunction | undefined;
    // Between two lives the function becomes one with a single I/O queue.
    const wrap = (first: NvmePciFunction): PciFunction => {
      current = first;
      return new Proxy(first, {
        get(_target, key) {
          const isDown = (current!.mmioRead(NvmeRegister.cc, 4) & 1) === 0;
          if (key === 'configRead' && isDown && small !== undefined) current = small;
          const member = Reflect.get(current!, key, current);
          return typeof member === 'function' ? member.bind(current) : member;
        },
      });
    };
    let small: NvmePciFunction | undefined;
    const world = new DriverWorld({ wrap, driver: { ioQueues: 3 } });
    expect(world.start()).toBeUndefined();
    const { executor, memory, test, driver, pages } = world;
    const free = pages.freePages;
    test.judge = ({ queueId }) => (queueId > 0 ? 'hang' : undefined);
    const requests = [1, 2, 3].map((id) => {
      const request = world.request();
      world.do(request, id);
      return request;
    });
    test.judge = () => undefined;
    const sink = { msix: (vector: number) => driver.interrupt(vector), intx: () => undefined };
    small = new NvmePciFunction(executor, memory, test, sink, { ioQueues: 1 });
    driver.resetController();
    executor.runUntilIdle();
    expect([driver.state, driver.ioQueueCount]).toEqual(['live', 1]);
    expect(requests.map(({ ends }) => ends)).toEqual([1, 1, 1]);
    expect(requests.map(({ status }) => status)).toEqual([0, ABORTED_BY_HOST, ABORTED_BY_HOST]);
    expect(pages.freePages).toBeGreaterThan(free);
    expect(world.do(world.request(), 1)).toBe(0);
    expect(world.do(world.request(), 2)).toBe(NvmeStatus.invalidField | 0x4000);
  });

  it('end a request with its status', () => {
    const request = new DriverWorld().request();
    endRequest(request, NvmeStatus.internalError, 5);
    expect([request.ends, request.status, request.dw0]).toEqual([1, NvmeStatus.internalError, 5]);
  });
});
