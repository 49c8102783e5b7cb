/** What Identify Controller and CAP tell a driver. NVMe Base 2.0, 5.17.2.1 and 3.1.3.1. */
import { identifyController, Oacs } from '../wire/nvme-identify.ts';
import { Sgls } from '../wire/nvme-sgl.ts';
import { RETRY_DELAY_UNIT_NS } from './disposition.ts';

/** How long a shutdown may take when the controller does not say: 10 s. */
const SHUTDOWN_NS = 10_000_000_000;
/** A controller that wants more than a minute for its shutdown gets no more. */
const LONGEST_SHUTDOWN_NS = 60_000_000_000;

/** CAP.CSS bit 6, in the high half of CAP. */
const CAP_HI_ALL_SETS = 1 << 11;

/** CAP as far as a driver needs it. */
export interface Capabilities {
  /** Most entries of an I/O queue. */
  entries: number;
  /** Worst case time to a change of CSTS.RDY. */
  readyTimeoutNs: number;
  /** Bytes from one doorbell to the next. */
  stride: number;
  /** Smallest and largest memory page as powers of two above 4096. */
  minPageShift: number;
  maxPageShift: number;
  /** CC.CSS may select all I/O command sets (CAP.CSS bit 6). */
  readonly hasAllSets: boolean;
}

/** Identify Controller as far as a driver needs it. */
export interface ControllerFacts {
  /** Most data bytes of one command. */
  maxTransferBytes: number;
  /** There is a volatile write cache. */
  volatileWriteCache: boolean;
  /** Abort commands that may be in flight at once. */
  abortLimit: number;
  /** Asynchronous Event Requests that may be in flight at once. */
  eventLimit: number;
  /** Optional asynchronous events, as bits of the feature that switches them on. */
  events: number;
  /** SGLS of the data pointer: 0 none, 1 any alignment, 2 multiples of four. */
  sglSupport: number;
  /** Doorbell Buffer Config is there. */
  doorbellBuffer: boolean;
  /** How long a normal shutdown may take. */
  shutdownNs: number;
  /** How long to wait before another try, by CRD of the status. */
  retryDelaysNs: readonly number[];
}

/** Takes the halves of CAP apart. */
export function parseCapabilities(lo: number, hi: number): Capabilities {
  return {
    entries: (lo & 0xffff) + 1,
    readyTimeoutNs: (lo >>> 24) * 500_000_000,
    stride: 4 << (hi & 15),
    minPageShift: (hi >>> 16) & 15,
    maxPageShift: (hi >>> 20) & 15,
    hasAllSets: (hi & CAP_HI_ALL_SETS) !== 0,
  };
}

/** Reads Identify Controller. @param maxTransferBytes what the driver itself wants at most */
export function readControllerFacts(
  view: DataView,
  minPageShift: number,
  maxTransferBytes: number,
): ControllerFacts {
  const mdts = identifyController.mdts.get(view, 0);
  const limit = mdts === 0 ? Number.POSITIVE_INFINITY : 2 ** (12 + minPageShift + mdts);
  const rtd3eNs = identifyController.rtd3e.get(view, 0) * 1_000;
  const { crdt1, crdt2, crdt3 } = identifyController;
  const delays = [crdt1, crdt2, crdt3].map((field) => field.get(view, 0) * RETRY_DELAY_UNIT_NS);
  return {
    maxTransferBytes: Math.min(maxTransferBytes, limit),
    volatileWriteCache: (identifyController.vwc.get(view, 0) & 1) !== 0,
    abortLimit: identifyController.acl0.get(view, 0) + 1,
    eventLimit: identifyController.aerl0.get(view, 0) + 1,
    events: identifyController.oaes.get(view, 0),
    sglSupport: identifyController.sgls.get(view, 0) & Sgls.supportMask,
    doorbellBuffer: (identifyController.oacs.get(view, 0) & Oacs.doorbellBuffer) !== 0,
    shutdownNs: Math.max(SHUTDOWN_NS, Math.min(rtd3eNs, LONGEST_SHUTDOWN_NS)),
    retryDelaysNs: [0, ...delays],
  };
}
