/**
 * A host's NVMe driver: from configuration space to queues, requests in and completions out.
 *
 * @packageDocumentation
 */
export type { ShutdownKind } from './bring-up.ts';
export type { NvmeDriverCounters } from './counters.ts';
export { Disposition, dispositionOf, MAX_RETRIES } from './disposition.ts';
export type { DriverState } from './driver-state.ts';
export type { NvmeAsyncEvent } from './event-listener.ts';
export { NvmeDriver } from './nvme-driver.ts';
export { ADMIN_TIMEOUT_NS, COMMAND_TIMEOUT_NS, type NvmeDriverOptions } from './options.ts';
export { ABORTED_BY_HOST } from './queue-pairs.ts';
