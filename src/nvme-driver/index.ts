/**
 * A host's NVMe driver: from configuration space to queues, requests in and completions out.
 *
 * @packageDocumentation
 */
export { ABORTED_BY_HOST, NvmeDriver, type NvmeDriverCounters } from './nvme-driver.ts';
export { COMMAND_TIMEOUT_NS, type NvmeDriverOptions } from './options.ts';
