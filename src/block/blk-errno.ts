/** The errno of Linux that user space sees for a status of the block layer. */
import { BlkStatus } from '../interfaces/bio.ts';

const ERRNO: readonly number[] = Object.assign(new Array<number>(19).fill(5), {
  [BlkStatus.ok]: 0,
  [BlkStatus.notSupported]: 95,
  [BlkStatus.timeout]: 110,
  [BlkStatus.noSpace]: 28,
  [BlkStatus.transport]: 67,
  [BlkStatus.target]: 121,
  [BlkStatus.reservationConflict]: 52,
  [BlkStatus.medium]: 61,
  [BlkStatus.protection]: 84,
  [BlkStatus.resource]: 12,
  [BlkStatus.again]: 11,
  [BlkStatus.deviceResource]: 16,
  [BlkStatus.zoneResource]: 16,
  [BlkStatus.offline]: 19,
});

/** A positive errno, 0 for `ok`; EIO for what has none of its own. */
export function blkErrnoOf(status: number): number {
  return ERRNO[status] ?? 5;
}
