/** Makes the side of a virtqueue that the negotiated features ask for. */
import { ConfigError } from '../base/assert.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { VirtqueueAreas } from '../interfaces/virtqueue.ts';
import type { VirtqueueDeviceOptions } from './device-options.ts';
import type { NotifyHook, VirtqueueDriverOptions } from './driver-options.ts';
import type { VirtqueueFeature } from './features.ts';
import { checkFeatures } from './features.ts';
import { PackedVirtqueue } from './packed-virtqueue.ts';
import { PackedVirtqueueDevice } from './packed-virtqueue-device.ts';
import { SplitVirtqueue } from './split-virtqueue.ts';
import { SplitVirtqueueDevice } from './split-virtqueue-device.ts';

/** What a driver side takes beside its features. */
export type CreateDriverOptions = Pick<
  VirtqueueDriverOptions,
  'indirect' | 'callback' | 'queueIndex'
>;

/** What a device side takes beside its features. */
export type CreateDeviceOptions = Pick<VirtqueueDeviceOptions, 'leniency' | 'acceptUnmapped'>;

/**
 * The driver side of a queue with these features, on areas that are all zero.
 *
 * @param options `indirect` exactly with VIRTIO_F_INDIRECT_DESC
 * @throws ConfigError that names features that do not stand together, a size that the format does not have, or tables without their feature
 */
export function createVirtqueue(
  features: Iterable<VirtqueueFeature>,
  areas: VirtqueueAreas,
  memory: GuestMemory,
  size: number,
  notify: NotifyHook,
  options: CreateDriverOptions = {},
): SplitVirtqueue | PackedVirtqueue {
  const chosen = checkFeatures(features);
  if (chosen.has('VIRTIO_F_INDIRECT_DESC') !== (options.indirect !== undefined)) {
    const expected = 'tables exactly with VIRTIO_F_INDIRECT_DESC';
    throw new ConfigError('options.indirect', options.indirect, expected);
  }
  const Driver = chosen.has('VIRTIO_F_RING_PACKED') ? PackedVirtqueue : SplitVirtqueue;
  return new Driver(areas, memory, size, notify, {
    ...options,
    eventIdx: chosen.has('VIRTIO_F_EVENT_IDX'),
    inOrder: chosen.has('VIRTIO_F_IN_ORDER'),
    notificationData: chosen.has('VIRTIO_F_NOTIFICATION_DATA'),
    ringReset: chosen.has('VIRTIO_F_RING_RESET'),
  });
}

/**
 * The device side of a queue with these features, on areas that are all zero.
 *
 * @throws ConfigError that names features that do not stand together, a size that the format does not have, or a leniency that it does not have
 */
export function createVirtqueueDevice(
  features: Iterable<VirtqueueFeature>,
  areas: VirtqueueAreas,
  memory: GuestMemory,
  size: number,
  options: CreateDeviceOptions = {},
): SplitVirtqueueDevice | PackedVirtqueueDevice {
  const chosen = checkFeatures(features);
  const Device = chosen.has('VIRTIO_F_RING_PACKED') ? PackedVirtqueueDevice : SplitVirtqueueDevice;
  return new Device(areas, memory, size, {
    ...options,
    eventIdx: chosen.has('VIRTIO_F_EVENT_IDX'),
    indirect: chosen.has('VIRTIO_F_INDIRECT_DESC'),
    inOrder: chosen.has('VIRTIO_F_IN_ORDER'),
  });
}
