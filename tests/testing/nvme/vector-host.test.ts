import { expect, it } from 'vitest';
import type { NvmeVector } from '../../../src/testing/nvme/nvme-vectors.ts';
import { makeQemuWorld } from '../../../src/testing/nvme/qemu-fixtures.ts';
import { VectorHost } from '../../../src/testing/nvme/vector-host.ts';
import { VectorMemory } from '../../../src/testing/nvme/vector-memory.ts';

it('enables, creates queues that share a completion queue, and tells what is pending', () => {
  const world = makeQemuWorld('base');
  const memory = new VectorMemory(world.memory, {} as NvmeVector);
  const host = new VectorHost(world, memory);
  host.start(true);
  host.enable({});
  expect(host.isReady).toBe(true);
  expect(host.createQueues(1, 1, 4, 0)).toBeUndefined();
  expect(host.createQueues(2, 1, 4, 0)).toBeUndefined();
  expect(host.createQueues(3, 3, 4, 99)).toBe('completion queue 3: 1/8h');
  expect(host.createQueues(99, 1, 4, 0)).toBe('submission queue 99: 1/1h');
  for (let i = 0; i < 9; i++) {
    const cid = host.takeCid();
    host.push(2, memory.entry({ hex: `00000000${'01000000'}${'00'.repeat(56)}`, reloc: [] }, cid));
    expect(host.take(cid)).toBeUndefined();
    host.ring(2);
    expect(host.take(cid)).toMatchObject({ sct: 0, sc: 0 });
    expect(host.take(cid)).toBeUndefined();
  }
  expect(() => host.push(7, new Int32Array(16))).toThrow('no queue 7');
  host.disable();
  expect(host.csts).toBe(0);
});
