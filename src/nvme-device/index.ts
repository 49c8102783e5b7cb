/**
 * The NVMe controller: registers, queues and interrupts in front of an `NvmeCommandPort`, and its PCI shell.
 *
 * @packageDocumentation
 */
export { NvmeDeviceController } from './controller.ts';
export type { EventIndexPolicy } from './doorbell-buffer.ts';
export { FatalReason } from './engine-host.ts';
export {
  MAX_IO_QUEUES,
  MAX_QUEUE_ENTRIES,
  MAX_VECTORS,
  type NvmeDeviceOptions,
  registerBytesOf,
} from './options.ts';
export type { PciIdentity } from './pci-config.ts';
export { NvmePciFunction, type NvmePciOptions } from './pci-function.ts';
export { NvmePciShell, type NvmePciShellOptions } from './pci-shell.ts';
