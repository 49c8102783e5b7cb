/** Stacks: configuration, wiring and promise handles. @packageDocumentation */
export { ROADS, type Road, type StackConfig, type StackOptions } from './config.ts';
export {
  type CreateStackOptions,
  createStack,
  type StackLayers,
  type TraceSink,
} from './create-stack.ts';
export { Guest } from './guest.ts';
export { GuestDisk, type TransferOptions } from './guest-disk.ts';
export type { MemoryMap } from './memory-map.ts';
export { NvmeError } from './nvme-error.ts';
export { formatSize, parseSize } from './size.ts';
export { type LayerCounters, Stack, type StackParts } from './stack.ts';
