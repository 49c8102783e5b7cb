/** NVMe: a command port in memory, a host by hand, arbitraries, and compliance suites. @packageDocumentation */
export { accessPci, arbitraryPciAccess, arbitrarySqe, type PciAccess } from './arbitrary-nvme.ts';
export {
  type CommandPortFactory,
  checkCommandPort,
  type PortUnderTest,
} from './check-command-port.ts';
export { checkPciFunction, type PciFunctionFactory, type PciWorld } from './check-pci-function.ts';
export { type FuzzOptions, type FuzzReport, fuzzController } from './fuzz-controller.ts';
export {
  MemoryCommandPort,
  type MemoryNamespace,
  type MemoryPortOptions,
} from './memory-command-port.ts';
export { NamedMemory, type NamedMemoryOptions } from './named-memory.ts';
export { NvmeLaw, NvmeLawError } from './nvme-laws.ts';
export type {
  NvmeVector,
  NvmeVectorFile,
  VectorBuffer,
  VectorFill,
  VectorResult,
  VectorSqe,
  VectorStep,
  VectorWorld,
} from './nvme-vectors.ts';
export { makeQemuWorld } from './qemu-fixtures.ts';
export {
  type RawCompletion,
  type RawFields,
  RawNvmeHost,
  type RawQueue,
} from './raw-nvme-host.ts';
export {
  replayVector,
  replayVectors,
  type VectorReport,
  type VectorWorldFactory,
} from './replay-vectors.ts';
