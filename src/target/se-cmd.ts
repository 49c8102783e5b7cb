/**
 * One command inside the LIO core: `se_cmd`, with the states that Linux gives it.
 *
 * Does not model: queue-full states (a frontend here cannot refuse a completion), fabric fetch of write data (data
 * lies in memory that the backend reads), reference counts (one owner, one end).
 */

import { InvariantError } from '../base/assert.ts';
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { TargetCommand, TargetOp, TargetStatus } from '../interfaces/target.ts';

/** States of a command, by Linux's names (`enum transport_state_table`). */
export const SeCmdState = {
  /** The slot is free. */
  noState: 0,
  /** Taken in. */
  newCmd: 1,
  /** A write whose data is about to be had. */
  writePending: 2,
  /** The backend has it. */
  processing: 3,
  /** A status is set; the frontend is about to be told. */
  complete: 4,
} as const;
/** One of {@link SeCmdState}. */
export type SeCmdState = (typeof SeCmdState)[keyof typeof SeCmdState];

/** Names of the states, for messages and traces. */
const SE_CMD_STATE_NAMES = ['noState', 'newCmd', 'writePending', 'processing', 'complete'] as const;

const { noState, newCmd, writePending, processing, complete } = SeCmdState;

/** For each state a bit set of the states that may follow. */
const FOLLOWERS: readonly number[] = [
  /* noState */ 1 << newCmd,
  /* newCmd */ (1 << writePending) | (1 << processing),
  /* writePending */ 1 << processing,
  /* processing */ 1 << complete,
  // Write and then flush where FUA is emulated: the same command is processed twice.
  /* complete */ (1 << noState) | (1 << processing),
];

/** A slot of a device's pool, and the command that its backend is handed. */
export class SeCmd implements TargetCommand {
  /** Where in its life the command is. Changed by {@link SeCmd.enter} alone. */
  state: SeCmdState = noState;
  /** The frontend's command while the slot is taken. */
  outer: TargetCommand | undefined;
  ioId: number;
  op: TargetOp;
  lba = 0;
  blockCount = 0;
  flags = 0;
  memory: GuestMemory;
  data: SgList;
  status: TargetStatus = 0;
  readonly end: (command: TargetCommand) => void;

  /** @param first the command that the slot is made for; it is not taken by this */
  constructor(first: TargetCommand, end: (command: TargetCommand) => void) {
    this.outer = undefined;
    this.ioId = first.ioId;
    this.op = first.op;
    this.memory = first.memory;
    this.data = first.data;
    this.end = end;
  }

  /** Goes on to `next`. @throws InvariantError when that state may not follow */
  enter(next: SeCmdState): void {
    if (((FOLLOWERS[this.state]! >> next) & 1) === 0) refuseTransition(this.state, next);
    this.state = next;
  }

  /** Takes over what the frontend asks for. */
  take(outer: TargetCommand): void {
    this.outer = outer;
    this.ioId = outer.ioId;
    this.op = outer.op;
    this.lba = outer.lba;
    this.blockCount = outer.blockCount;
    this.flags = outer.flags;
    this.memory = outer.memory;
    this.data = outer.data;
  }
}

function refuseTransition(from: SeCmdState, to: SeCmdState): never {
  const [before, after] = [SE_CMD_STATE_NAMES[from], SE_CMD_STATE_NAMES[to]];
  throw new InvariantError(`a se_cmd in ${before} may not enter ${after}`);
}
