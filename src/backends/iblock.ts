/**
 * IBLOCK: a unit on a block device, by `submit_bio`.
 *
 * A command becomes bios that are no longer than a request of the device may be, up to 32 at a time between plug and unplug. FUA goes
 * down as REQ_FUA; a flush is an empty write with REQ_PREFLUSH. One bad bio fails the command with the first error.
 * Does not model: protection information, write same by repeated vectors, write cache attributes beside the device's own.
 */
import { assert, ConfigError } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { Backend } from '../interfaces/backend.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
  SECTOR_BYTES,
} from '../interfaces/bio.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { AbortResult } from '../interfaces/request.ts';
import {
  type Geometry,
  type TargetCommand,
  TargetFlag,
  TargetOp,
  TargetStatus,
} from '../interfaces/target.ts';
import { sgIsMapped } from '../memory/sg-copy.ts';
import { Drain } from './drain.ts';
import { checkBlockBytes } from './geometry.ts';
import { SERVICE_QUEUE_DEPTH, ServiceQueue } from './service-queue.ts';
import { statusOfBlk } from './status-maps.ts';

/** Bios of one command that are sent at once (LIO's IBLOCK_MAX_BIO_PER_TASK). */
export const IBLOCK_MAX_BIOS = 32;
/** Most bytes of one read or write. */
export const IBLOCK_MAX_TRANSFER_BYTES = 16 * 1024 * 1024;
/** Most sectors of one bio of data: 1 MiB. */
const MAX_BIO_SECTORS = 2048;

/** How IBLOCK is made. */
export interface IblockOptions {
  /** Bytes of one logical block: 512 or 4096; the device's own by default, and never smaller than that. */
  readonly blockBytes?: number;
  /** Writes are refused (the `readonly` parameter). */
  readonly readOnly?: boolean;
}

/** Puts a unit onto a block device. */
export class IblockBackend implements Backend {
  readonly geometry: Geometry;
  readonly #device: BlockDevice;
  /** 512-byte sectors of one logical block. */
  readonly #blockSectors: number;
  readonly #drain: Drain;
  readonly #refused: ServiceQueue<TargetCommand>;
  readonly #slots: CommandSlot[] = [];
  readonly #free: CommandSlot[] = [];
  readonly #freeBios: CommandBio[] = [];
  readonly #endBio: (bio: Bio) => void;

  /** @throws ConfigError when the block is smaller than the device's, or the device holds none */
  constructor(executor: Executor, device: BlockDevice, options: IblockOptions = {}) {
    const { limits, capacitySectors } = device;
    const blockBytes = checkBlockBytes(options.blockBytes ?? limits.logicalBlockSize);
    if (blockBytes < limits.logicalBlockSize) {
      const expected = `at least the block of the device, ${limits.logicalBlockSize}`;
      throw new ConfigError('backend.blockBytes', blockBytes, expected);
    }
    this.#blockSectors = blockBytes / SECTOR_BYTES;
    const blockCount = Math.floor(capacitySectors / this.#blockSectors);
    if (blockCount < 1) {
      throw new ConfigError(
        'backend.device.capacitySectors',
        capacitySectors,
        'one block at least',
      );
    }
    this.#device = device;
    this.geometry = {
      blockBytes,
      blockCount,
      maxTransferBlocks: IBLOCK_MAX_TRANSFER_BYTES / blockBytes,
      writeCache: limits.writeCache,
      fua: true,
      readOnly: options.readOnly ?? false,
      unmap: limits.maxDiscardSectors >= this.#blockSectors,
      writeZeroes: limits.maxWriteZeroesSectors >= this.#blockSectors,
    };
    this.#drain = new Drain(executor, 'iblock');
    this.#refused = new ServiceQueue<TargetCommand>(executor, 'iblock', (command) => {
      command.end(command);
    });
    this.#endBio = (bio) => this.#bioEnded(bio as CommandBio);
  }

  submit(command: TargetCommand): void {
    // The block layer has no word of its own for memory that is not there.
    if (command.op <= TargetOp.write && !sgIsMapped(command.memory, command.data)) {
      this.#refuse(command, TargetStatus.dataTransferError);
      return;
    }
    const slot = this.#free.pop() ?? this.#makeSlot();
    if (slot === undefined) {
      this.#refuse(command, TargetStatus.busy);
      return;
    }
    slot.command = command;
    slot.epoch = this.#drain.enter();
    slot.status = BlkStatus.ok;
    slot.op = bioOp(command.op);
    slot.sector = command.lba * this.#blockSectors;
    slot.sectorsLeft = command.blockCount * this.#blockSectors;
    slot.sgOffset = 0;
    const isDurable = (command.flags & TargetFlag.fua) !== 0;
    // A device takes REQ_FUA with a write of data alone; other changes are made durable by a flush after them.
    slot.flags = BioFlag.sync | (isDurable && slot.op === BioOp.write ? BioFlag.fua : 0);
    slot.flushesAfter = isDurable && slot.op > BioOp.flush && this.geometry.writeCache;
    if (command.op === TargetOp.flush) this.#sendFlush(slot);
    else this.#sendBatch(slot);
  }

  /** A bio cannot be called back: the answer is `tooLate` or `unknown`. */
  abort(command: TargetCommand): AbortResult {
    const isHere = this.#slots.some((slot) => slot.command === command);
    return isHere || this.#refused.has(command) ? AbortResult.tooLate : AbortResult.unknown;
  }

  reset(done: () => void): void {
    this.#drain.reset(() => this.#refused.reset(done));
  }

  /** Lets go of the device, which lives on. */
  close(): void {
    assert(this.#drain.count === 0, 'a backend is closed with nothing in flight');
  }

  #refuse(command: TargetCommand, status: TargetStatus): void {
    command.status = status;
    this.#refused.push(command, 0);
  }

  /** Bios of what is left of the command, up to {@link IBLOCK_MAX_BIOS}. */
  #sendBatch(slot: CommandSlot): void {
    const most = mostSectors(this.#device.limits, slot.op, this.#blockSectors);
    this.#device.plug();
    for (let i = 0; i < IBLOCK_MAX_BIOS && slot.sectorsLeft > 0; i++) {
      const sectors = Math.min(most, slot.sectorsLeft);
      const bio = this.#takeBio(slot);
      bio.op = slot.op;
      bio.sector = slot.sector;
      bio.sectorCount = sectors;
      bio.flags = slot.flags;
      if (slot.op <= BioOp.write) {
        bio.data.appendRange(slot.command!.data, slot.sgOffset, sectors * SECTOR_BYTES);
      }
      slot.sector += sectors;
      slot.sectorsLeft -= sectors;
      slot.sgOffset += sectors * SECTOR_BYTES;
      this.#device.submitBio(bio);
    }
    this.#device.unplug();
  }

  #sendFlush(slot: CommandSlot): void {
    const bio = this.#takeBio(slot);
    bio.op = BioOp.write;
    bio.sector = 0;
    bio.sectorCount = 0;
    bio.flags = BioFlag.preflush | BioFlag.sync;
    this.#device.submitBio(bio);
  }

  #bioEnded(bio: CommandBio): void {
    const slot = bio.slot!;
    if (slot.status === BlkStatus.ok) slot.status = bio.status;
    bio.slot = undefined;
    this.#freeBios.push(bio);
    slot.bios -= 1;
    if (slot.bios > 0) return;
    if (slot.status === BlkStatus.ok && this.#goOn(slot)) return;
    const command = slot.command!;
    command.status = statusOfBlk(slot.status, command.op);
    slot.command = undefined;
    this.#drain.leave(slot.epoch);
    this.#free.push(slot);
    command.end(command);
  }

  /** Sends what a command still needs after its bios ended well; false when that is nothing. */
  #goOn(slot: CommandSlot): boolean {
    if (slot.sectorsLeft > 0) {
      this.#sendBatch(slot);
      return true;
    }
    if (!slot.flushesAfter) return false;
    slot.flushesAfter = false;
    this.#sendFlush(slot);
    return true;
  }

  #takeBio(slot: CommandSlot): CommandBio {
    const command = slot.command!;
    const bio = this.#freeBios.pop() ?? new CommandBio(command.memory, this.#endBio);
    bio.slot = slot;
    bio.ioId = command.ioId;
    bio.memory = command.memory;
    bio.data.clear();
    slot.bios += 1;
    return bio;
  }

  #makeSlot(): CommandSlot | undefined {
    if (this.#slots.length === SERVICE_QUEUE_DEPTH) return undefined;
    const slot = new CommandSlot();
    this.#slots.push(slot);
    return slot;
  }
}

/** One command in flight. */
class CommandSlot {
  command: TargetCommand | undefined = undefined;
  epoch = 0;
  /** Bios that have not ended. */
  bios = 0;
  op: BioOp = BioOp.read;
  /** Where the next bio begins. */
  sector = 0;
  sectorsLeft = 0;
  sgOffset = 0;
  flags = 0;
  /** A flush follows before the command ends. */
  flushesAfter = false;
  /** The first error of any bio. */
  status: BlkStatus = BlkStatus.ok;
}

/** One bio of a command. */
class CommandBio implements Bio {
  slot: CommandSlot | undefined = undefined;
  ioId = 0;
  op: BioOp = BioOp.read;
  sector = 0;
  sectorCount = 0;
  flags = 0;
  memory: GuestMemory;
  readonly data = new SgList();
  status: BlkStatus = BlkStatus.ok;
  readonly end: (bio: Bio) => void;

  constructor(memory: GuestMemory, end: (bio: Bio) => void) {
    this.memory = memory;
    this.end = end;
  }
}

function bioOp(op: TargetOp): BioOp {
  switch (op) {
    case TargetOp.read:
      return BioOp.read;
    case TargetOp.unmap:
      return BioOp.discard;
    case TargetOp.writeZeroes:
      return BioOp.writeZeroes;
    default:
      return BioOp.write;
  }
}

/** Most sectors of one bio: what one request of the device takes, in whole logical blocks. */
function mostSectors(limits: QueueLimits, op: BioOp, blockSectors: number): number {
  const most =
    op === BioOp.discard
      ? limits.maxDiscardSectors
      : op === BioOp.writeZeroes
        ? limits.maxWriteZeroesSectors
        : Math.min(limits.maxSectors, MAX_BIO_SECTORS);
  return Math.max(most - (most % blockSectors), blockSectors);
}
