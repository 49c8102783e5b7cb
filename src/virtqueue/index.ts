/** Virtqueues, byte for byte as Linux makes them: driver and device side, split and packed. @packageDocumentation */
export type { ChainTableState } from './chain-table.ts';
export {
  type CreateDeviceOptions,
  type CreateDriverOptions,
  createVirtqueue,
  createVirtqueueDevice,
} from './create-virtqueue.ts';
export {
  DeviceFault,
  type Leniency,
  MAX_CHAIN_BYTES,
  MAX_TABLE_COUNT,
  type VirtqueueDeviceOptions,
} from './device-options.ts';
export { DriverFault, type NotifyHook, type VirtqueueDriverOptions } from './driver-options.ts';
export {
  checkFeatures,
  type FeatureBits,
  featureBits,
  featuresOfBits,
  negotiateFeatures,
  VIRTQUEUE_FEATURES,
  type VirtqueueFeature,
} from './features.ts';
export type { InOrderBatchState } from './in-order-batch.ts';
export type { InOrderWindowState } from './in-order-window.ts';
export { IndirectArea, type IndirectTables } from './indirect-tables.ts';
export { PackedVirtqueue } from './packed-virtqueue.ts';
export {
  PackedVirtqueueDevice,
  type PackedVirtqueueDeviceState,
} from './packed-virtqueue-device.ts';
export type { PackedVirtqueueState } from './packed-virtqueue-state.ts';
export {
  DESC_BYTES,
  MAX_QUEUE_SIZE,
  mapAreas,
  mapRing,
  type RingForm,
  type RingFormat,
  type RingLayout,
  ringLayout,
} from './ring-layout.ts';
export { SplitVirtqueue } from './split-virtqueue.ts';
export { SplitVirtqueueDevice, type SplitVirtqueueDeviceState } from './split-virtqueue-device.ts';
export type { SplitVirtqueueState } from './split-virtqueue-state.ts';
