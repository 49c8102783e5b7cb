/** SCSI commands on their way from an initiator to a logical unit. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { AbortResult } from './request.ts';

/** One command (SAM-5, 8: a task); a slot of its initiator. See `request.ts` for its life. */
export interface ScsiTask {
  ioId: number;
  /** Logical unit number. */
  lun: number;
  /** The command descriptor block: 16 bytes or more, of which the operation code decides how many count. */
  readonly cdb: Uint8Array;
  memory: GuestMemory;
  /** Where data goes to or comes from, as the command says; empty when there is none. */
  readonly data: SgList;
  /** Result: SAM status. */
  status: number;
  /** Result: bytes of `data` that were not transferred. */
  residualBytes: number;
  /** Result: sense data, when the status is CHECK CONDITION; at least 18 bytes of room. */
  readonly sense: Uint8Array;
  /** Result: bytes of sense data, 0 for none. */
  senseLength: number;
  /** Set once, when the slot is made. */
  end: (task: ScsiTask) => void;
}

/** How much a reset takes with it, from the mildest to the harshest (SAM-5, 6.3; the last two are the host's own means). */
export const ScsiResetScope = { unit: 0, target: 1, bus: 2, host: 3 } as const;
/** One of {@link ScsiResetScope}. */
export type ScsiResetScope = (typeof ScsiResetScope)[keyof typeof ScsiResetScope];

/** A SCSI device. Laws of `request.ts`; a full device ends a task with TASK SET FULL. Total over any CDB. */
export interface ScsiDevice {
  /** Takes a task; its `end` comes later, exactly once. */
  submit(task: ScsiTask): void;
  /** Best effort (ABORT TASK); the task ends in any case. */
  abort(task: ScsiTask): AbortResult;
  /**
   * A reset: tasks in flight end as aborted, then `done` is called, on a later turn; with false when this scope could not be reset, and then
   * tasks may still be in flight. A device that is beyond help may never call it: the initiator has a timer.
   */
  reset(scope: ScsiResetScope, done: (helped: boolean) => void): void;
}
