/**
 * What is done about the status of a command: it ends, is tried again, or is left to another path. NVMe Base 2.0, 3.3.3.2.
 *
 * A status without Do Not Retry may be tried again; Command Retry Delay says after which of three times. Statuses of the path say
 * nothing about the command: with another path at hand it belongs there.
 */
import { NvmeStatus, STATUS_DNR } from '../wire/nvme-status.ts';

/** How often a command is tried again: 5 times. */
export const MAX_RETRIES = 5;
/** The unit of the delays in Identify Controller (CRDT1 to CRDT3): 100 ms. */
export const RETRY_DELAY_UNIT_NS = 100_000_000;
/** Command Retry Delay in a status field, in place. */
const CRD_SHIFT = 11;
const STATUS_TYPE_MASK = 0x700;
const TYPE_PATH = 0x300;

/** What becomes of a command. */
export const Disposition = {
  /** It ends with its status. */
  complete: 0,
  /** The same command is sent again. */
  retry: 1,
  /** It ends with its status, which asks for another path. */
  failOver: 2,
} as const;
/** One of {@link Disposition}. */
export type Disposition = (typeof Disposition)[keyof typeof Disposition];

/**
 * Decides about any status field (without phase).
 *
 * @param tries how often the command was tried again already
 * @param mayRetry false for commands whose submitter wants to see every status
 * @param hasOtherPath whoever submits can reach the namespace by another controller
 */
export function dispositionOf(
  status: number,
  tries: number,
  mayRetry: boolean,
  hasOtherPath: boolean,
): Disposition {
  if (status === NvmeStatus.success) return Disposition.complete;
  if (!mayRetry || (status & STATUS_DNR) !== 0) return Disposition.complete;
  if (hasOtherPath && (status & STATUS_TYPE_MASK) === TYPE_PATH) return Disposition.failOver;
  return tries < MAX_RETRIES ? Disposition.retry : Disposition.complete;
}

/** Which of the retry delays a status asks for, 0 for none. */
export function retryDelayOf(status: number): number {
  return (status >>> CRD_SHIFT) & 3;
}
