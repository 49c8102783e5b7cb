/** An NVMe driver's queues as its users see them: the guest's block layer, a bottom driver, a test. */
import type { SgList } from '../base/sg-list.ts';
import type { TimeoutVerdict } from './blk-mq.ts';
import type { AbortResult } from './request.ts';

/** One command for a driver; a slot of its submitter. See `request.ts` for its life. */
export interface NvmeHostRequest {
  ioId: number;
  /** Opcode of the NVM command set, or of the admin set on queue 0. */
  opcode: number;
  nsid: number;
  /** First logical block; an integer below 2^53. */
  slba: number;
  /** Number of logical blocks, zero-based as on the wire; 0 for commands without blocks. */
  nlb0: number;
  /** Bits 31:16 of command dword 12 for I/O (FUA is bit 30 of the dword, LR bit 31), in place. */
  control: number;
  /** Command dwords 10..15 as they are, for raw requests; `undefined` builds them from the fields above. */
  raw: Int32Array | undefined;
  /**
   * The bytes to transfer, in the memory that the driver was given; page gaps are refused with `Invalid Field` where the controller takes
   * no SGLs.
   */
  data: SgList;
  /** The submitter watches the time of this request, and calls {@link NvmeHost.timeout}: the driver does not. Absent: false. */
  readonly hasTimer?: boolean;
  /** Result: status field without phase, 0 for success. */
  status: number;
  /** Result: completion dword 0. */
  dw0: number;
  /** Set once, when the slot is made. */
  end: (request: NvmeHostRequest) => void;
}

/** What a namespace is, as Identify told the driver. */
export interface NvmeNamespaceInfo {
  nsid: number;
  /** Bytes of one logical block. */
  blockBytes: number;
  /** Size in logical blocks. */
  blockCount: number;
}

/**
 * A started driver. Laws of `request.ts`.
 *
 * A request ends when the driver is done with it, which may be after several commands: what may be retried is, unless it is raw.
 */
export interface NvmeHost {
  /** I/O queues that were created; queue ids are 1 .. this. */
  readonly ioQueueCount: number;
  /** Most data bytes of one command. */
  readonly maxTransferBytes: number;
  /** Does the controller have a volatile write cache (Identify VWC bit 0)? */
  readonly volatileWriteCache: boolean;
  /** Active namespaces, in ascending order. */
  readonly namespaces: readonly NvmeNamespaceInfo[];
  /**
   * Puts a request on queue `queueId` (0 is the admin queue). False when the queue is full: the request was not taken, and
   * the submitter tries again after one of its requests on that queue ended.
   */
  queueRq(queueId: number, request: NvmeHostRequest): boolean;
  /** Rings the doorbells of what was queued since the last call. */
  commitRqs(queueId: number): void;
  /** Best effort abort of a request; what is aborted is not retried. */
  abort(request: NvmeHostRequest): AbortResult;
  /** A request with {@link NvmeHostRequest.hasTimer} takes too long. Absent in a host that never lets one take too long. */
  timeout?(request: NvmeHostRequest): TimeoutVerdict;
}
