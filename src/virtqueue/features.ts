/** The feature bits that a virtqueue knows, by the names of the specification. VIRTIO 1.3, 6. */
import { ConfigError } from '../base/assert.ts';

/** Bit numbers of the features that change a ring. */
export const VIRTQUEUE_FEATURES = {
  VIRTIO_F_INDIRECT_DESC: 28,
  VIRTIO_F_EVENT_IDX: 29,
  VIRTIO_F_VERSION_1: 32,
  VIRTIO_F_ACCESS_PLATFORM: 33,
  VIRTIO_F_RING_PACKED: 34,
  VIRTIO_F_IN_ORDER: 35,
  VIRTIO_F_ORDER_PLATFORM: 36,
  VIRTIO_F_NOTIFICATION_DATA: 38,
  VIRTIO_F_RING_RESET: 40,
} as const;
/** Name of a feature that changes a ring. */
export type VirtqueueFeature = keyof typeof VIRTQUEUE_FEATURES;

/** 64 feature bits as two 32-bit halves. */
export interface FeatureBits {
  /** Bits 0-31. */
  readonly lo: number;
  /** Bits 32-63. */
  readonly hi: number;
}

/** The bits of features. */
export function featureBits(features: Iterable<VirtqueueFeature>): FeatureBits {
  let lo = 0;
  let hi = 0;
  for (const name of features) {
    const bit = VIRTQUEUE_FEATURES[name];
    if (bit < 32) lo |= 1 << bit;
    else hi |= 1 << (bit - 32);
  }
  return { lo: lo >>> 0, hi: hi >>> 0 };
}

/** The features of bits, in the order of the bits; bits that are not the ring's are left out. */
export function featuresOfBits(bits: FeatureBits): VirtqueueFeature[] {
  return namesOf((bit) => ((bit < 32 ? bits.lo >>> bit : bits.hi >>> (bit - 32)) & 1) === 1);
}

/**
 * What a device that offers `offered` and a driver that wants `wanted` agree on: the features of both.
 *
 * @throws ConfigError as {@link checkFeatures}
 */
export function negotiateFeatures(
  offered: Iterable<VirtqueueFeature>,
  wanted: Iterable<VirtqueueFeature>,
): ReadonlySet<VirtqueueFeature> {
  const theirs = new Set(offered);
  return checkFeatures([...wanted].filter((name) => theirs.has(name)));
}

/**
 * The features as a set, when they may stand together.
 *
 * VIRTIO_F_VERSION_1 must be among them: without it a ring has the guest's byte order, and no feature from bit 32 on exists (VIRTIO 1.3, 6.3).
 *
 * @throws ConfigError that names a feature that is not known, or one that needs another
 */
export function checkFeatures(features: Iterable<string>): ReadonlySet<VirtqueueFeature> {
  const chosen = new Set<VirtqueueFeature>();
  for (const name of features) {
    if (!isFeature(name)) {
      throw new ConfigError('features', name, Object.keys(VIRTQUEUE_FEATURES).join(', '));
    }
    chosen.add(name);
  }
  if (!chosen.has('VIRTIO_F_VERSION_1')) {
    const needy = namesOf((bit) => bit > 32).find((name) => chosen.has(name));
    throw new ConfigError(
      'features',
      needy ?? 'a legacy ring',
      `VIRTIO_F_VERSION_1 beside ${needy ?? 'it'}`,
    );
  }
  return chosen;
}

function isFeature(name: string): name is VirtqueueFeature {
  return Object.hasOwn(VIRTQUEUE_FEATURES, name);
}

function namesOf(isChosen: (bit: number) => boolean): VirtqueueFeature[] {
  return Object.entries(VIRTQUEUE_FEATURES)
    .filter(([, bit]) => isChosen(bit))
    .map(([name]) => name)
    .filter(isFeature);
}
