/** The LIO core as frontends see it, and its commands. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { AbortResult } from './request.ts';

/** What a command asks of a logical unit. */
export const TargetOp = {
  read: 0,
  write: 1,
  flush: 2,
  unmap: 3,
  writeZeroes: 4,
} as const;
/** One of {@link TargetOp}. */
export type TargetOp = (typeof TargetOp)[keyof typeof TargetOp];

/** How a command ended, in the words of the LIO core (its sense reasons). */
export const TargetStatus = {
  good: 0,
  nonExistentLun: 1,
  unsupportedOpcode: 2,
  invalidField: 3,
  addressOutOfRange: 4,
  writeProtected: 5,
  /** The unit does not answer: a failure below without a better word. */
  communicationFailure: 6,
  mediumReadError: 7,
  mediumWriteError: 8,
  noSpace: 9,
  busy: 10,
  aborted: 11,
  reservationConflict: 12,
  miscompare: 13,
  guardCheckFailed: 14,
  appTagCheckFailed: 15,
  refTagCheckFailed: 16,
  notReady: 17,
  /** The memory that the command named is not mapped. */
  dataTransferError: 18,
} as const;
/** One of {@link TargetStatus}. */
export type TargetStatus = (typeof TargetStatus)[keyof typeof TargetStatus];

/** Flags of a command, a bit set. */
export const TargetFlag = {
  /** The data is durable before the command ends. */
  fua: 1,
  /** The address range may be deallocated (write zeroes). */
  mayUnmap: 2,
} as const;

/**
 * A command on (LBA, length): what `se_cmd` is to LIO, and what a backend is handed too. See `request.ts` for its life.
 *
 * `lba` and `blockCount` are in the unit's logical blocks. For read and write `data.byteLength` is at least `blockCount * blockBytes`;
 * the excess is not touched. `lba` is an integer 0 .. 2^53; flush of the whole unit has `blockCount` 0.
 */
export interface TargetCommand {
  ioId: number;
  op: TargetOp;
  lba: number;
  blockCount: number;
  flags: number;
  memory: GuestMemory;
  data: SgList;
  /** Result. */
  status: TargetStatus;
  /** Set once, when the slot is made. */
  end: (command: TargetCommand) => void;
}

/** Size and abilities of a unit or a backend. */
export interface Geometry {
  /** Bytes of one logical block: 512 or 4096. */
  readonly blockBytes: number;
  /** Size in logical blocks. */
  readonly blockCount: number;
  /** Most blocks of one read or write. */
  readonly maxTransferBlocks: number;
  /** A volatile write cache is there: only a flush or FUA makes data durable. */
  readonly writeCache: boolean;
  /** FUA is honoured by the layer itself. */
  readonly fua: boolean;
  /** Writes are refused. */
  readonly readOnly: boolean;
  /** Unmap is supported. */
  readonly unmap: boolean;
  /** Write zeroes is supported. */
  readonly writeZeroes: boolean;
}

/** A logical unit of the LIO core, through which a frontend reaches one device. Laws of `request.ts`. */
export interface TargetPort {
  readonly geometry: Geometry;
  /** Takes the command; its `end` is called exactly once, never inside this call. */
  submit(command: TargetCommand): void;
  /** Best effort: says whether the command could still be stopped. It ends once in any case. */
  abort(command: TargetCommand): AbortResult;
  /** Ends each command in flight, then calls `done`, after which no buffer of the caller is touched. */
  reset(done: () => void): void;
}
