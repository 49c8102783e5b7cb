/** vhost: a device in the host kernel that serves virtqueues in a VMM's memory. @packageDocumentation */
export { checkMemTable, MAX_TABLE_REGIONS, tableMemory } from './memory-table.ts';
export { MAX_VRING_NUM, MAX_VRINGS, VhostDevice, type VhostDeviceOptions } from './vhost-device.ts';
export {
  type BarControllerFactory,
  MAX_BAR_VECTORS,
  type VhostNvmeBarCounters,
  VhostNvmeBarDevice,
  type VhostNvmeBarOptions,
} from './vhost-nvme-bar-device.ts';
export { VhostWorker, type VhostWorkerOptions } from './vhost-worker.ts';
