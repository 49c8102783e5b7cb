/**
 * The contracts between the layers, and the status words that cross them.
 *
 * Every request lives by the laws of `request.ts`: submitted down, ended exactly once, never inside `submit`.
 *
 * @packageDocumentation
 */

export { ATA_SLOTS, type AtaDevice } from './ata-device.ts';
export type { Backend } from './backend.ts';
export type { Bio, BlockDevice, QueueLimits } from './bio.ts';
export {
  BioFlag,
  BioOp,
  BlkStatus,
  contextFlags,
  contextOf,
  DEFAULT_LIMITS,
  PRIORITY_MASK,
  PriorityClass,
  priorityClassOf,
  priorityFlags,
  SECTOR_BYTES,
} from './bio.ts';
export type { BlkMqOps, Request } from './blk-mq.ts';
export { QueueRqResult, TimeoutVerdict } from './blk-mq.ts';
export type { BlockObserver } from './block-observer.ts';
export { BlockAction } from './block-observer.ts';
export type { CostTable } from './cost-table.ts';
export type { Executor, Task } from './executor.ts';
export type { FaultDecision, FaultPlan } from './fault-plan.ts';
export { FaultAction } from './fault-plan.ts';
export type { FileHandle, FileRequest } from './file-handle.ts';
export { Errno, FileOp } from './file-handle.ts';
export type { GuestMemory } from './guest-memory.ts';
export { UNMAPPED } from './guest-memory.ts';
export type { LatencyProfile } from './latency.ts';
export type { Medium } from './medium.ts';
export { MediumStatus } from './medium.ts';
export type { Notifier } from './notifier.ts';
export type {
  ControllerEnable,
  NamespaceFormat,
  NvmeCommand,
  NvmeCommandPort,
  NvmePortEvents,
  NvmePortLimits,
} from './nvme-command-port.ts';
export { DataDirection } from './nvme-command-port.ts';
export type {
  HostedNvmeController,
  NvmeController,
  NvmeControllerFactory,
  NvmeInterrupts,
} from './nvme-controller.ts';
export type { NvmeHost, NvmeHostRequest, NvmeNamespaceInfo } from './nvme-host.ts';
export type { AccessBytes, InterruptSink, PciFunction, RegisterHalves } from './pci-function.ts';
export type { Prng } from './prng.ts';
export { AbortResult } from './request.ts';
export type { RingMemory } from './ring-memory.ts';
export type { ScsiDevice, ScsiTask } from './scsi-task.ts';
export type { Geometry, TargetCommand, TargetPort } from './target.ts';
export { TargetFlag, TargetOp, TargetStatus } from './target.ts';
export type { Tracer } from './tracer.ts';
export { Layer } from './tracer.ts';
export type {
  Vhost,
  VhostBackend,
  VhostHost,
  VhostMemoryRegion,
  VhostNvmeEndpoint,
  VhostWork,
  VirtqueueDeviceFactory,
  VringAddresses,
  VringStart,
} from './vhost.ts';
export { VhostErrno } from './vhost.ts';
export { VHOST_NVME_BAR_ABI_VERSION, type VhostNvmeBar } from './vhost-nvme-bar.ts';
export type {
  VirtqueueAreas,
  VirtqueueChain,
  VirtqueueDevice,
  VirtqueueDriver,
} from './virtqueue.ts';
export { NO_TOKEN, PopResult, VirtqueueResult } from './virtqueue.ts';
export type { Zone, ZoneReporter } from './zoned.ts';
export { ZoneCondition, ZoneType } from './zoned.ts';
