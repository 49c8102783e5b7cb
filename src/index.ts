/**
 * The LIO NVMe stack: `createStack` wires a road from a guest's NVMe driver to a disk; the rooms behind it have subpaths of their own.
 *
 * @packageDocumentation
 */
export {
  addressOf,
  ConfigError,
  InvariantError,
  MAX_SG_SEGMENTS,
  SgList,
  UNMAPPED_ADDRESS,
} from './base/index.ts';
export {
  type CreateStackOptions,
  createStack,
  formatSize,
  Guest,
  GuestDisk,
  type LayerCounters,
  type MemoryMap,
  NvmeError,
  parseSize,
  ROADS,
  type Road,
  Stack,
  type StackConfig,
  type StackLayers,
  type StackOptions,
  type StackParts,
  type TraceSink,
  type TransferOptions,
} from './stack/index.ts';
