import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/index.ts';
import {
  checkFeatures,
  featureBits,
  featuresOfBits,
  negotiateFeatures,
  VIRTQUEUE_FEATURES,
  type VirtqueueFeature,
} from '../../src/virtqueue/index.ts';

const all = Object.keys(VIRTQUEUE_FEATURES) as VirtqueueFeature[];

describe('features', () => {
  it('have the bits of the specification', () => {
    expect(featureBits(['VIRTIO_F_INDIRECT_DESC', 'VIRTIO_F_EVENT_IDX'])).toEqual({
      lo: 0x3000_0000,
      hi: 0,
    });
    expect(featureBits(['VIRTIO_F_VERSION_1', 'VIRTIO_F_RING_RESET'])).toEqual({
      lo: 0,
      hi: 0x101,
    });
  });

  it('come back from their bits, and bits of others are left out', () => {
    expect(featuresOfBits(featureBits(all))).toEqual(all);
    expect(featuresOfBits({ lo: 0x0000_0040, hi: 0 })).toEqual([]);
    expect(featuresOfBits({ lo: 0xffff_ffff, hi: 0xffff_ffff })).toEqual(all);
  });

  it('are negotiated to those of both sides', () => {
    const offered = ['VIRTIO_F_VERSION_1', 'VIRTIO_F_EVENT_IDX'] as const;
    const wanted = ['VIRTIO_F_RING_PACKED', 'VIRTIO_F_VERSION_1', 'VIRTIO_F_EVENT_IDX'] as const;
    expect([...negotiateFeatures(offered, wanted)].sort()).toEqual([...offered].sort());
  });

  it.each([
    'VIRTIO_F_RING_PACKED',
    'VIRTIO_F_IN_ORDER',
    'VIRTIO_F_NOTIFICATION_DATA',
    'VIRTIO_F_RING_RESET',
  ])('refuse %s without VIRTIO_F_VERSION_1, by name', (name) => {
    expect(() => checkFeatures([name])).toThrow(ConfigError);
    expect(() => checkFeatures([name])).toThrow(new RegExp(`${name}.*VIRTIO_F_VERSION_1`));
  });

  it('refuse a legacy ring and a name that is none', () => {
    expect(() => checkFeatures([])).toThrow(/legacy ring.*VIRTIO_F_VERSION_1/);
    expect(() => checkFeatures(['VIRTIO_F_VERSION_1', 'toString'])).toThrow(/toString/);
  });
});
