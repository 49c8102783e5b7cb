import { describe, expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import { NO_TOKEN, PopResult } from '../../src/interfaces/index.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import { makeChain } from '../../src/testing/virtqueue/index.ts';
import {
  createVirtqueue,
  createVirtqueueDevice,
  IndirectArea,
  mapRing,
  PackedVirtqueue,
  PackedVirtqueueDevice,
  type RingFormat,
  ringLayout,
  SplitVirtqueue,
  SplitVirtqueueDevice,
  type VirtqueueFeature,
} from '../../src/virtqueue/index.ts';

const RING = 0x1000;
const DATA = 0x8000;

function world(format: RingFormat, size: number) {
  const memory = new RegionMemory([{ base: 0, size: 0x1_0000 }]);
  return { memory, areas: mapRing(memory, ringLayout(format, size), RING)! };
}

function segment(length = 16): SgList {
  const list = new SgList();
  list.pushAddress(DATA, length);
  return list;
}

const none = new SgList();

describe('createVirtqueue', () => {
  it('makes the format that was negotiated', () => {
    const { memory, areas } = world('split', 4);
    const ok = () => true;
    expect(createVirtqueue(['VIRTIO_F_VERSION_1'], areas, memory, 4, ok)).toBeInstanceOf(
      SplitVirtqueue,
    );
    expect(createVirtqueueDevice(['VIRTIO_F_VERSION_1'], areas, memory, 4)).toBeInstanceOf(
      SplitVirtqueueDevice,
    );
    const packed = ['VIRTIO_F_VERSION_1', 'VIRTIO_F_RING_PACKED'] as const;
    expect(createVirtqueue(packed, areas, memory, 3, ok)).toBeInstanceOf(PackedVirtqueue);
    expect(createVirtqueueDevice(packed, areas, memory, 3)).toBeInstanceOf(PackedVirtqueueDevice);
  });

  it('refuses a size that the format does not have', () => {
    const { memory, areas } = world('split', 4);
    expect(() => createVirtqueue(['VIRTIO_F_VERSION_1'], areas, memory, 3, () => true)).toThrow(
      /power of two/,
    );
    expect(() => createVirtqueueDevice(['VIRTIO_F_VERSION_1'], areas, memory, 3)).toThrow(
      /power of two/,
    );
  });

  it('wants tables exactly with VIRTIO_F_INDIRECT_DESC', () => {
    const { memory, areas } = world('split', 4);
    const make = (features: VirtqueueFeature[], indirect?: IndirectArea) =>
      createVirtqueue(features, areas, memory, 4, () => true, { indirect });
    const tables = new IndirectArea(0x4000, 4, 4);
    expect(() => make(['VIRTIO_F_VERSION_1'], tables)).toThrow(/options.indirect/);
    expect(() => make(['VIRTIO_F_VERSION_1', 'VIRTIO_F_INDIRECT_DESC'])).toThrow(
      /options.indirect/,
    );
    make(['VIRTIO_F_VERSION_1', 'VIRTIO_F_INDIRECT_DESC'], tables);
  });

  it('knows vringh leniency on the split ring alone', () => {
    const { memory, areas } = world('packed', 4);
    const packed = ['VIRTIO_F_VERSION_1', 'VIRTIO_F_RING_PACKED'] as const;
    const options = { leniency: 'vringh' } as const;
    expect(() => createVirtqueueDevice(packed, areas, memory, 4, options)).toThrow(/leniency/);
  });

  it.each(['split', 'packed'] as const)(
    'says with notification data where a %s ring goes on',
    (format) => {
      const { memory, areas } = world(format, 2);
      const features: VirtqueueFeature[] = ['VIRTIO_F_VERSION_1', 'VIRTIO_F_NOTIFICATION_DATA'];
      if (format === 'packed') features.push('VIRTIO_F_RING_PACKED');
      const told: number[] = [];
      const notify = (data: number) => told.push(data) > 0;
      const queue = createVirtqueue(features, areas, memory, 2, notify, { queueIndex: 5 });
      for (let token = 0; token < 2; token++) {
        queue.addSgs(segment(), none, token);
        queue.kick();
      }
      // Packed: offset 1 with wrap counter 1, then offset 0 with wrap counter 0.
      expect(told).toEqual(format === 'split' ? [0x1_0005, 0x2_0005] : [0x8001_0005, 0x0000_0005]);
    },
  );

  it.each(['split', 'packed'] as const)(
    'resizes a %s queue only with VIRTIO_F_RING_RESET',
    (format) => {
      const { memory, areas } = world(format, 2);
      const features: VirtqueueFeature[] = ['VIRTIO_F_VERSION_1'];
      if (format === 'packed') features.push('VIRTIO_F_RING_PACKED');
      const options = { callback: () => {} };
      const fixed = createVirtqueue(features, areas, memory, 2, () => true, options);
      expect(() => fixed.resize(areas, 4)).toThrow(/VIRTIO_F_RING_RESET/);
      features.push('VIRTIO_F_RING_RESET');
      const queue = createVirtqueue(features, areas, memory, 2, () => true, options);
      queue.addSgs(segment(), none, 1);
      expect(() => queue.resize(areas, 4)).toThrow(/no token in flight/);
      expect(queue.detachUnusedBuf()).toBe(1);
      expect(queue.detachUnusedBuf()).toBe(NO_TOKEN);
      expect(() => queue.resize(areas, 0)).toThrow(/size/);
      memory.fill(RING, 0, 0x1000);
      const larger = mapRing(memory, ringLayout(format, 8), RING)!;
      queue.resize(larger, 8);
      expect([queue.vringSize, queue.numFree]).toEqual([8, 8]);
      const device = createVirtqueueDevice(features, larger, memory, 8);
      for (let token = 0; token < 8; token++) expect(queue.addSgs(segment(), none, token)).toBe(0);
      const chain = makeChain();
      for (let token = 0; token < 8; token++) {
        expect(device.pop(chain)).toBe(PopResult.chain);
        device.addUsed(chain.id, chain.descriptorCount, 0);
        expect(queue.getBuf()).toBe(token);
      }
    },
  );
});
