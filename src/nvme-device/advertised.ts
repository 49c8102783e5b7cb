/** What a controller advertises in CAP, and the enable checks that follow from it. NVMe Base 2.0, 3.1.3.1 and 3.5.1. */
import { ConfigError } from '../base/assert.ts';
import type { NvmePortLimits } from '../interfaces/nvme-command-port.ts';
import { Cc } from '../wire/nvme-registers.ts';
import { Sgls } from '../wire/nvme-sgl.ts';
import type { ResolvedDeviceOptions } from './options.ts';

/** CC.AMS: weighted round robin with urgent class. */
export const CC_AMS_WEIGHTED = 1;
/** CAP: queues are contiguous; weighted round robin; and in the high half subsystem reset. */
const CAP_CQR = 1 << 16;
const CAP_WEIGHTED = 1 << 17;
const CAP_NSSRS = 1 << 4;

/** The low half of CAP. */
export function capLowOf(options: ResolvedDeviceOptions): number {
  const { maxQueueEntries, weightedRoundRobin, readyTimeoutUnits } = options;
  const arbitration = weightedRoundRobin ? CAP_WEIGHTED : 0;
  return ((maxQueueEntries - 1) | CAP_CQR | arbitration | (readyTimeoutUnits << 24)) >>> 0;
}

/** The high half of CAP. */
export function capHighOf(options: ResolvedDeviceOptions): number {
  const { doorbellStride, subsystemReset, commandSets, maxPageShift } = options;
  return (
    doorbellStride | (subsystemReset ? CAP_NSSRS : 0) | (commandSets << 5) | (maxPageShift << 20)
  );
}

/** @throws ConfigError when the port advertises what the controller was not equipped for */
export function checkAdvertised(options: ResolvedDeviceOptions, limits: NvmePortLimits): void {
  if (((limits.sgls ?? 0) & Sgls.bitBucket) === 0 || options.bitBucketGpa > 0) return;
  throw new ConfigError('bitBucketGpa', 0, 'a page for the bit buckets that the port advertises');
}

/** Can the controller run with what the host wrote? */
export function canEnable(
  options: ResolvedDeviceOptions,
  cc: number,
  aqa: number,
  asqLo: number,
  acqLo: number,
): boolean {
  const pageShift = (cc >>> Cc.mpsShift) & Cc.mpsMask;
  if (pageShift > options.maxPageShift) return false;
  const commandSet = (cc >>> Cc.cssShift) & Cc.cssMask;
  if (((options.commandSets >>> commandSet) & 1) === 0) return false;
  const arbitration = (cc >>> Cc.amsShift) & Cc.amsMask;
  if (arbitration > (options.weightedRoundRobin ? CC_AMS_WEIGHTED : 0)) return false;
  if (((cc >>> Cc.iosqesShift) & Cc.iosqesMask) !== 6) return false;
  if (((cc >>> Cc.iocqesShift) & Cc.iocqesMask) !== 4) return false;
  if ((aqa & 0xfff) === 0 || aqa >>> 16 === 0) return false;
  const pageMask = (4096 << pageShift) - 1;
  return (asqLo & pageMask) === 0 && (acqLo & pageMask) === 0;
}
