/** A command between its fetch and its completion. */
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { DataDirection, type NvmeCommand } from '../interfaces/nvme-command-port.ts';
import type { SubmissionQueue } from './queues.ts';

/** One slot of the controller: what the port sees, and where the completion goes. */
export class DeviceCommand implements NvmeCommand {
  /** Number of the slot. */
  readonly slot: number;
  ioId = 0;
  queueId = 0;
  readonly sqe = new Int32Array(16);
  memory: GuestMemory;
  direction: DataDirection = DataDirection.none;
  readonly data = new SgList(8);
  readonly metadata = new SgList(1);
  status = 0;
  dw0 = 0;
  dw1 = 0;
  end: (command: NvmeCommand) => void;
  /** Command identifier. */
  cid = 0;
  /** Where it came from; `undefined` when the slot is free or the queue is gone: then its end is not seen. */
  sq: SubmissionQueue | undefined = undefined;
  /** The port has it. */
  atPort = false;

  constructor(slot: number, memory: GuestMemory, end: (command: NvmeCommand) => void) {
    this.slot = slot;
    this.memory = memory;
    this.end = end;
  }
}
