/**
 * A host's NVMe driver: from configuration space to queues, requests in and completions out.
 *
 * @packageDocumentation
 */
export { NvmeDriver } from './driver.ts';
export type { NvmeDriverOptions } from './options.ts';
