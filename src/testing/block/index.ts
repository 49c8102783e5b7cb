/** Compliance suites of block devices, blk-mq drivers and media. @packageDocumentation */
export { BlockLaw, BlockLawError } from './block-laws.ts';
export {
  type BlkMqOpsFactory,
  type BlkMqOpsUnderTest,
  type BlockCheckOptions,
  type BlockDeviceFactory,
  type BlockDeviceUnderTest,
  checkBlkMqOps,
  checkBlockDevice,
} from './check-block-device.ts';
export { checkMedium } from './check-medium.ts';
export {
  type RecordedCase,
  type RecordedEvent,
  type RecordedExtra,
  type RecordedOp,
  type RecordedRun,
  readBlockCases,
} from './recorded-case.ts';
export {
  type BlockLayerFactory,
  type BlockReplay,
  PROJECTIONS,
  type Projection,
  type ReplaySettings,
  replayBlockTrace,
  requestQueueLayer,
} from './replay-block-trace.ts';
export type { ReplayedBlockLayer } from './replay-world.ts';
export { WatchedOps } from './watched-ops.ts';
