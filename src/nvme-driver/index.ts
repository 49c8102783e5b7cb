/** A host's NVMe driver for any PCI function. @packageDocumentation */
export {
  ABORTED_BY_HOST,
  COMMAND_TIMEOUT_NS,
  NvmeDriver,
  type NvmeDriverCounters,
  type NvmeDriverOptions,
} from './nvme-driver.ts';
