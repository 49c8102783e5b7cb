/** Drivers under blk-mq. @packageDocumentation */
export { blkStatusOfMedium } from './medium-status.ts';
export { NullBlkDriver, type NullBlkOptions } from './null-blk-driver.ts';
