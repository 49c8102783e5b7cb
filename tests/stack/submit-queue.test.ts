import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { SubmitQueue } from '../../src/stack/submit-queue.ts';
import { MemoryHost } from './memory-host.ts';

function setUp(queues: number, depth: number) {
  const executor = new SimExecutor();
  const host = new MemoryHost(executor, new RegionMemory([{ base: 0, size: 4096 }]), queues, depth);
  const queue = new SubmitQueue(executor, host);
  const ended: number[] = [];
  const push = (slba: number): void => {
    const request: NvmeHostRequest = {
      ioId: queue.nextIoId(),
      opcode: 0,
      nsid: 1,
      slba,
      nlb0: 0,
      control: 0,
      raw: undefined,
      data: new SgList(),
      status: 0,
      dw0: 0,
      end: () => ended.push(slba),
    };
    queue.push(request);
  };
  return { executor, host, queue, ended, push };
}

describe('SubmitQueue', () => {
  it('holds what the queues have no room for and ends everything, in order', () => {
    const { executor, queue, ended, push } = setUp(1, 2);
    for (let i = 0; i < 7; i++) push(i);
    expect(queue.isBusy).toBe(true);
    executor.runUntilIdle();
    expect(ended).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(queue.isBusy).toBe(false);
  });

  it('spreads requests over the queues and rings each doorbell once per batch', () => {
    const { executor, host, push } = setUp(3, 4);
    for (let i = 0; i < 6; i++) push(i);
    executor.runUntilIdle();
    expect(host.log.map((line) => line[0]).join('')).toBe('123123');
    expect(host.commits).toEqual([1, 2, 3]);
  });

  it('calls back those who wait for a buffer once', () => {
    const { queue } = setUp(1, 1);
    let calls = 0;
    queue.whenBufferFreed(() => {
      calls += 1;
    });
    queue.bufferFreed();
    queue.bufferFreed();
    expect(calls).toBe(1);
  });
});
