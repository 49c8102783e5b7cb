/** Commands in flight at a port, each in a slot of its own from `take` to `end`. */
import { IdPool } from '../base/id-pool.ts';
import { IndexFifo } from '../base/index-fifo.ts';
import type { NvmeCommand } from '../interfaces/nvme-command-port.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';

/** Where the command of a slot is. */
export const SlotState = {
  /** In the port, for want of room in its queue or of an enabled controller. */
  waiting: 0,
  /** With the host. */
  sent: 1,
  /** With the host, and promised an abort. */
  aborting: 2,
  /** On its way back: its status is set. */
  ending: 3,
} as const;
/** One of {@link SlotState}. */
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

/** Holds commands by slot number. */
export class CommandSlots {
  readonly #commands: (NvmeCommand | undefined)[];
  readonly #states: Uint8Array;
  readonly #ids: IdPool;
  readonly #ending: IndexFifo;

  constructor(capacity: number) {
    this.#commands = new Array<NvmeCommand | undefined>(capacity).fill(undefined);
    this.#states = new Uint8Array(capacity);
    this.#ids = new IdPool(capacity);
    this.#ending = new IndexFifo(capacity);
  }

  /** Slots that are taken. */
  get count(): number {
    return this.#ids.capacity - this.#ids.freeCount;
  }

  /** Takes a slot for a command, as one that waits; -1 when all are taken. */
  take(command: NvmeCommand): number {
    const slot = this.#ids.take();
    if (slot < 0) return -1;
    this.#commands[slot] = command;
    this.#states[slot] = SlotState.waiting;
    return slot;
  }

  /** The slot of a command, or -1. */
  find(command: NvmeCommand): number {
    return this.#commands.indexOf(command);
  }

  /** The command of a slot that is taken. */
  command(slot: number): NvmeCommand {
    return this.#commands[slot]!;
  }

  /** The state of a slot that is taken. */
  state(slot: number): SlotState {
    return this.#states[slot] as SlotState;
  }

  /** Moves a slot on. */
  setState(slot: number, state: SlotState): void {
    this.#states[slot] = state;
  }

  /** Frees the slot and ends its command, whose results are set. */
  end(slot: number): void {
    const command = this.#commands[slot]!;
    this.#commands[slot] = undefined;
    this.#ids.give(slot);
    command.end(command);
  }

  /** Sets the results of a command that the host never answers; `endMarked` ends it. */
  markEnding(slot: number, status: number): void {
    const command = this.#commands[slot]!;
    command.status = status;
    command.dw0 = 0;
    command.dw1 = 0;
    this.#states[slot] = SlotState.ending;
    this.#ending.push(slot);
  }

  /** Marks all commands that are not marked yet; those that were promised an abort get it. */
  markAll(status: number): void {
    for (let slot = 0; slot < this.#commands.length; slot++) {
      if (!this.#isOpen(slot)) continue;
      const isAborting = this.#states[slot] === SlotState.aborting;
      this.markEnding(slot, isAborting ? NvmeStatus.abortRequested : status);
    }
  }

  /** Does any command wait for something other than its end? */
  get hasOpen(): boolean {
    for (let slot = 0; slot < this.#commands.length; slot++) {
      if (this.#isOpen(slot)) return true;
    }
    return false;
  }

  /** Ends what is marked now, in the order of marking. */
  endMarked(): void {
    for (let left = this.#ending.count; left > 0; left--) this.end(this.#ending.shift());
  }

  #isOpen(slot: number): boolean {
    return this.#commands[slot] !== undefined && this.#states[slot] !== SlotState.ending;
  }
}
