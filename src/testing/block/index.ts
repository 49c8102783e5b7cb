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
export { type FsLogEntry, FsLogReplay, parseFsLog } from './fs-log-replay.ts';
export { WatchedOps } from './watched-ops.ts';
