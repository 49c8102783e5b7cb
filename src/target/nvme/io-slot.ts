/** A slot of a controller: one NVMe I/O command on its way through the LIO core. */
import type { SgList } from '../../base/sg-list.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import type { TargetCommand, TargetOp, TargetPort, TargetStatus } from '../../interfaces/target.ts';
import type { CompareBuffer } from './compare.ts';
import type { ZoneTable } from './zoned/zone-table.ts';

/** How a slot goes on when the LIO core has ended one part of its command. */
export const SlotKind = {
  /** One target command, and that was it. */
  single: 0,
  /** A flush of one active namespace after the other. */
  flushAll: 1,
  /** One unmap after the other. */
  ranges: 2,
  /** A read whose blocks are compared with the host's data. */
  compare: 3,
  /** A read whose blocks nobody gets. */
  verify: 4,
  /** Nothing to be done on the medium. */
  none: 5,
  /** Zeroes below a new random write area of a zone. */
  zoneOpen: 6,
} as const;
/** One of {@link SlotKind}. */
export type SlotKind = (typeof SlotKind)[keyof typeof SlotKind];

/** The command that the LIO core is handed, with what the controller has to remember beside it. */
export class IoSlot implements TargetCommand {
  ioId: number;
  op: TargetOp = 0;
  lba = 0;
  blockCount = 0;
  flags = 0;
  memory: GuestMemory;
  data: SgList;
  status: TargetStatus = 0;
  readonly end: (command: TargetCommand) => void;

  /** The NVMe command while one is in flight; `undefined` for a free slot and for a flush of the controller's own. */
  nvme: NvmeCommand | undefined;
  /** Called at the end of a flush of the controller's own. */
  done: (() => void) | undefined;
  kind: SlotKind = SlotKind.single;
  /** Where the command goes. */
  port: TargetPort | undefined;
  nsid = 0;
  /** In which epoch of the controller the command came; a reset begins a new one. */
  epoch = 0;
  /** Dataset Management: the ranges as they came, made when first needed. */
  ranges: DataView | undefined;
  rangeCount = 0;
  nextRange = 0;
  /** Compare and Verify: where the blocks are read to. */
  compared: CompareBuffer | undefined;
  /** The zones that the command waits in: it is a read of pieces, or opens a zone. */
  zones: ZoneTable | undefined;
  /** A read of pieces: where the data of all goes, `undefined` for other commands. */
  pieces: SgList | undefined;
  /** Where the data of one piece goes, made when first needed. */
  piece: SgList | undefined;
  /** A read of pieces: its first block, the first one that is still to be read, and one behind the last. */
  firstLba = 0;
  nextLba = 0;
  endLba = 0;

  constructor(memory: GuestMemory, data: SgList, end: (command: TargetCommand) => void) {
    this.ioId = 0;
    this.memory = memory;
    this.data = data;
    this.end = end;
    this.nvme = undefined;
    this.done = undefined;
    this.port = undefined;
    this.ranges = undefined;
    this.compared = undefined;
    this.zones = undefined;
    this.pieces = undefined;
    this.piece = undefined;
  }
}
