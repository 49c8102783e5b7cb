/** A slot of a controller: one NVMe I/O command on its way through the LIO core. */
import type { SgList } from '../../base/sg-list.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import type { TargetCommand, TargetOp, TargetPort, TargetStatus } from '../../interfaces/target.ts';
import type { BlockBuffer } from './block-buffer.ts';
import type { FormatInUse } from './lba-format.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';
import type { ProtectionFields } from './protection.ts';
import type { WriteGate, Writer } from './write-gate.ts';
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
  /** A read into the buffer, whose blocks the host gets with their metadata. */
  readWithMetadata: 5,
  /** A write from the buffer, after which the metadata is kept. */
  writeWithMetadata: 6,
  /** Blocks are marked; the LIO core has nothing to do. */
  writeUncorrectable: 7,
  /** Copy: the read of a source range, after which its write follows. */
  copyRead: 8,
  /** Copy: the write of a range, after which the next read follows. */
  copyWrite: 9,
  /** Format NVM: one unit after the other is emptied. */
  format: 10,
  /** Zone Management is done; the LIO core has nothing to do. */
  zoneManagement: 11,
  /** Zeroes below a new random write area of a zone. */
  zoneOpen: 12,
} as const;
/** One of {@link SlotKind}. */
export type SlotKind = (typeof SlotKind)[keyof typeof SlotKind];

/** The command that the LIO core is handed, with what the controller has to remember beside it. */
export class IoSlot implements TargetCommand, Writer {
  ioId: number;
  op: TargetOp = 0;
  /** In blocks of the unit, as `blockCount`. */
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
  kind: SlotKind = 0;
  /** Where the command goes. */
  port: TargetPort | undefined;
  nsid = 0;
  /** The namespace whose blocks the part at hand changes or reads. */
  namespace: NvmeNamespace | undefined;
  /** How that was formatted when the command came. */
  format: FormatInUse | undefined;
  /** First block of the part at hand, in blocks of the namespace, as `nlb`. */
  slba = 0;
  nlb = 0;
  /** In which epoch of the controller the command came; a reset begins a new one. */
  epoch = 0;
  /** The NVMe status (without Do Not Retry) of a command that failed between its parts; 0 otherwise. */
  code = 0;
  /** Dataset Management and Copy: the ranges as they came, made when first needed. */
  ranges: DataView | undefined;
  rangeCount = 0;
  nextRange = 0;
  /** Copy: the next block of the destination. */
  destination = 0;
  /** Memory of the controller's own for the blocks; kept while it is small. */
  buffer: BlockBuffer | undefined;
  /** The zones that a write was let into, that a read of pieces looks at, or one of which is opened. */
  zones: ZoneTable | undefined;
  /** In which life of its zone a write came; a reset begins a new one. */
  zoneLife = 0;
  /** A read of pieces: where the data of all goes, `undefined` for other commands. */
  pieces: SgList | undefined;
  /** Where the data of one piece goes, made when first needed. */
  piece: SgList | undefined;
  /** A read of pieces: the first block that is still to be read. */
  nextSlba = 0;
  /** What the command says about protection information; made when first needed. */
  protection: ProtectionFields | undefined;

  /** The gate that the command has entered or waits at. */
  gate: WriteGate | undefined;
  /** The first half of a fused pair: the slot of the second one. */
  partner: IoSlot | undefined;
  /** It waits at the gate, or for the first half of its pair. */
  isWaiting = false;
  /** It was aborted while it waited. */
  isStopped = false;
  readonly resume: () => void;

  /** @param resume called when the turn of a slot that waited at a gate has come */
  constructor(
    memory: GuestMemory,
    data: SgList,
    end: (command: TargetCommand) => void,
    resume: (slot: IoSlot) => void = () => {},
  ) {
    this.ioId = 0;
    this.memory = memory;
    this.data = data;
    this.end = end;
    this.nvme = undefined;
    this.done = undefined;
    this.port = undefined;
    this.namespace = undefined;
    this.format = undefined;
    this.ranges = undefined;
    this.buffer = undefined;
    this.zones = undefined;
    this.pieces = undefined;
    this.piece = undefined;
    this.protection = undefined;
    this.gate = undefined;
    this.partner = undefined;
    this.resume = () => resume(this);
  }

  /** Makes the slot a free one; what it may need again is kept, unless that is large. */
  clear(): void {
    this.nvme = undefined;
    this.namespace = undefined;
    this.zones = undefined;
    this.pieces = undefined;
    this.gate = undefined;
    this.partner = undefined;
    this.isWaiting = false;
    this.isStopped = false;
    if (this.buffer?.isSmall === false) this.buffer = undefined;
  }

  /** It is the first half of a fused pair. */
  get isPair(): boolean {
    return this.partner !== undefined;
  }
}
