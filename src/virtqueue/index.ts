/** Virtqueues, byte for byte as Linux makes them: driver and device side, split and packed. @packageDocumentation */
export {
  DeviceFault,
  type Leniency,
  MAX_CHAIN_BYTES,
  MAX_TABLE_COUNT,
  type VirtqueueDeviceOptions,
} from './device-options.ts';
export { DriverFault, type NotifyHook, type VirtqueueDriverOptions } from './driver-options.ts';
export { IndirectArea, type IndirectTables } from './indirect-tables.ts';
export { PackedVirtqueue } from './packed-virtqueue.ts';
export { PackedVirtqueueDevice } from './packed-virtqueue-device.ts';
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
export { SplitVirtqueueDevice } from './split-virtqueue-device.ts';
