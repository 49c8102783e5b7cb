/** NVMe commands on their way from a controller's queues to whoever executes them. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { AbortResult } from './request.ts';

/** Which way the data of a command goes. */
export const DataDirection = { none: 0, toDevice: 1, fromDevice: 2 } as const;
/** One of {@link DataDirection}. */
export type DataDirection = (typeof DataDirection)[keyof typeof DataDirection];

/**
 * One command in flight; a slot of the controller (or frontend) that submits it. See `request.ts` for its life.
 *
 * The port never looks at the guest's own submission queue: `sqe` is a private copy. Data pointers in it are
 * meaningless below this seam, and PSDT and FUSE of what the controller mapped and paired are cleared; `data` says where the bytes lie.
 */
export interface NvmeCommand {
  /** Copied down every seam; `queue << 16 | cid` of the guest's command, so that both sides of a queue agree on it. */
  ioId: number;
  /** Submission queue that it came from; 0 is the admin queue. */
  queueId: number;
  /** The 64-byte submission queue entry as sixteen little-endian words. */
  readonly sqe: Int32Array;
  /** The memory that `data` and `metadata` lie in. */
  memory: GuestMemory;
  /** Which way the data goes, by the transfer table of `wire`. */
  direction: DataDirection;
  /** Where the data lies: at least as many bytes as the command transfers. */
  readonly data: SgList;
  /** Where separate metadata lies; empty when there is none. */
  readonly metadata: SgList;
  /** Result: status field without phase: SC | SCT << 8 | CRD << 11 | More << 13 | DNR << 14. */
  status: number;
  /** Result: command specific, completion dword 0. */
  dw0: number;
  /** Result: command specific, completion dword 1. */
  dw1: number;
  /** Set once, when the slot is made. */
  end: (command: NvmeCommand) => void;
}

/** What a controller tells the port when it becomes enabled. */
export interface ControllerEnable {
  /** The CC register (NVMe Base 2.0, 3.1.3.5). */
  cc: number;
}

/** Where asynchronous events go: upward, from the port to the controller. */
export interface NvmePortEvents {
  /** An event for an outstanding Asynchronous Event Request: type, information, log page (NVMe Base 2.0, 5.2). */
  asyncEvent(type: number, info: number, logPage: number): void;
  /** The format of a namespace changed: cached transfer sizes are stale. */
  namespaceChanged(nsid: number): void;
}

/** What the transfer table needs to know of a namespace before its data pointers can be mapped. */
export interface NamespaceFormat {
  /** Bytes of one logical block. */
  blockBytes: number;
  /** Metadata bytes of one logical block, 0 for none. */
  metadataBytes: number;
  /** Metadata is interleaved with the data (an extended block) and not separate. */
  extended: boolean;
  /** Bytes of a zone descriptor extension, which Zone Management Send may set; absent or 0 for none. */
  zoneExtensionBytes?: number;
  /**
   * Bytes of protection information in the metadata; absent or 0 without. Where that is all of the metadata, a read or write with PRACT moves
   * data alone: the controller inserts and strips the rest.
   */
  protectionBytes?: number;
}

/** Limits of a port that a controller advertises as its own. */
export interface NvmePortLimits {
  /** Most commands in flight at once; more wait in the submission queues. */
  readonly maxInFlight: number;
  /** Most data bytes of one command; a multiple of 4096. */
  readonly maxTransferBytes: number;
  /** SGLS of Identify: which scatter gather lists the controller in front takes. Absent or 0: none. */
  readonly sgls?: number;
  /** FUSES of Identify: bit 0 needs {@link NvmeCommandPort.submitFused}. Absent or 0: none. */
  readonly fuses?: number;
  /** OACS of Identify: the controller in front takes Doorbell Buffer Config when bit 8 is set. Absent: 0. */
  readonly oacs?: number;
}

/**
 * Executes NVMe commands for one controller.
 *
 * The controller keeps what its queues concern (create and delete queues, Abort, Asynchronous Event Request, Doorbell Buffer Config,
 * Keep Alive's timer and the features of queues, arbitration, interrupts and events); all else comes here.
 * Order: `enable`, any number of `submit` and `abort`, then `shutdown` and/or `reset`, after which `enable` may follow.
 */
export interface NvmeCommandPort {
  readonly limits: NvmePortLimits;
  /** Where events go; set before `enable`. */
  connect(events: NvmePortEvents): void;
  /** The controller became enabled. */
  enable(enable: ControllerEnable): void;
  /** The format of an active namespace, or `undefined`. The answer is valid until `namespaceChanged`. */
  namespaceFormat(nsid: number): NamespaceFormat | undefined;
  /** Takes a command. Its `end` comes later, exactly once. */
  submit(command: NvmeCommand): void;
  /**
   * Takes a fused Compare and Write on one range, whose FUSE bits are cleared. Nobody sees a state between the two; when the first one
   * fails, the second ends with Command Aborted due to Failed Fused Command. Each ends exactly once, the first one first.
   */
  submitFused?(first: NvmeCommand, second: NvmeCommand): void;
  /** Best effort; the original ends in any case, with Command Abort Requested when it was stopped. */
  abort(command: NvmeCommand): AbortResult;
  /**
   * Tells the error log of the port about an error that the controller itself answered (a bad queue, a bad field). A bad doorbell belongs
   * to no command: its `cid` is FFFFh, and `status` is Invalid Queue Identifier or, for a value, Invalid Field.
   */
  reportError(queueId: number, cid: number, status: number): void;
  /** Flushes what the namespaces hold in volatile caches, then calls `done`; never inside the call. */
  shutdown(done: () => void): void;
  /** Ends all commands in flight, then calls `done`; never inside the call. */
  reset(done: () => void): void;
}
