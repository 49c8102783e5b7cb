/**
 * Block integrity: a device that makes protection information for what is written, and checks what is read against it, as bio integrity
 * does between the submitter and the driver.
 *
 * A block that does not agree with its tuple ends the read with `protection`. What was discarded or zeroed, or where a write failed, is
 * not checked until it is written again. Bios that touch the same blocks, one of them changing these, follow one another, so that data
 * and tuples always belong together.
 *
 * Does not model: tuples that travel with the bio to the disk, or that a power cut takes; they are kept here.
 */
import { SgList } from '../base/sg-list.ts';
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
import { judgeBio } from './bio-check.ts';
import { LateEnds } from './late-ends.ts';
import { PiStore } from './pi-store.ts';
import { generatePi, PI_BYTES, PiFault, type Protection, verifyPi } from './t10-pi.ts';

/** A device whose blocks are protected. */
export class IntegrityDevice implements BlockDevice {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  /** The tuples, by logical block. */
  readonly tuples = new PiStore();
  /** How many blocks failed each check, by {@link PiFault}. */
  readonly faults: readonly number[] = [0, 0, 0, 0];
  readonly #lower: BlockDevice;
  readonly #protection: Protection;
  readonly #blockSectors: number;
  readonly #block: Uint8Array;
  readonly #words: Int32Array;
  readonly #late: LateEnds;
  /** Bios under way, and those that wait for them, in the order in which they came. */
  readonly #lane: ProtectedBio[] = [];
  readonly #free: ProtectedBio[] = [];
  readonly #end: (bio: Bio) => void;

  constructor(executor: Executor, lower: BlockDevice, protection: Protection, owner = 'integrity') {
    this.limits = lower.limits;
    this.capacitySectors = lower.capacitySectors;
    this.#lower = lower;
    this.#protection = protection;
    this.#blockSectors = lower.limits.logicalBlockSize / SECTOR_BYTES;
    this.#block = new Uint8Array(lower.limits.logicalBlockSize);
    this.#words = new Int32Array(this.#block.buffer);
    this.#late = new LateEnds(executor, owner);
    this.#end = (bio) => this.#ended(bio as ProtectedBio);
  }

  submitBio(bio: Bio): void {
    const status = judgeBio(this.limits, this.capacitySectors, bio);
    if (status !== BlkStatus.ok) {
      this.#late.end(bio, status);
    } else if (bio.sectorCount === 0) {
      this.#lower.submitBio(bio);
    } else if (this.#mustWait(bio, this.#lane.length) && (bio.flags & BioFlag.noWait) !== 0) {
      this.#late.end(bio, BlkStatus.again);
    } else {
      const slot = this.#free.pop() ?? new ProtectedBio(bio, this.#end);
      slot.take(bio, bio.sectorCount / this.#blockSectors);
      this.#lane.push(slot);
      this.#startReady();
    }
  }

  plug(): void {
    this.#lower.plug();
  }

  unplug(): void {
    this.#lower.unplug();
  }

  /** Does a bio share blocks with one of the first `before` of the lane, so that the order of the two matters? */
  #mustWait(bio: Bio, before: number): boolean {
    const end = bio.sector + bio.sectorCount;
    for (let i = 0; i < before; i++) {
      const other = this.#lane[i]!;
      const isApart = other.sector >= end || bio.sector >= other.sector + other.sectorCount;
      if (!isApart && (bio.op !== BioOp.read || other.op !== BioOp.read)) return true;
    }
    return false;
  }

  #startReady(): void {
    for (let i = 0; i < this.#lane.length; i++) {
      const slot = this.#lane[i]!;
      if (slot.isStarted || this.#mustWait(slot, i)) continue;
      slot.isStarted = true;
      if (slot.op === BioOp.write && !this.#generate(slot)) {
        // Nothing goes down: the tuples stay.
        slot.blockCount = 0;
        this.#late.end(slot, BlkStatus.ioError);
      } else {
        this.#lower.submitBio(slot);
      }
    }
  }

  /** False when the data cannot be read. */
  #generate(slot: ProtectedBio): boolean {
    const { length } = this.#block;
    const first = slot.sector / this.#blockSectors;
    for (let i = 0; i < slot.blockCount; i++) {
      if (!this.#load(slot, i)) return false;
      generatePi(this.#protection, first + i, this.#block, 0, length, slot.view, i * PI_BYTES);
    }
    return true;
  }

  /** Loads block `index` of the bio; false when it is not mapped. */
  #load({ memory, data }: ProtectedBio, index: number): boolean {
    const block = this.#block;
    let skip = index * block.length;
    let at = 0;
    for (let i = 0; at < block.length; i++) {
      const have = data.lengths[i]!;
      if (skip >= have) {
        skip -= have;
        continue;
      }
      const take = Math.min(have - skip, block.length - at);
      const gpa = data.gpa(i) + skip;
      // Words make no garbage.
      const isMapped =
        ((gpa | at | take) & 3) === 0
          ? memory.loadWords(gpa, this.#words, at >> 2, take >> 2)
          : memory.load(gpa, block, at, take);
      if (!isMapped) return false;
      skip = 0;
      at += take;
    }
    return true;
  }

  #ended(slot: ProtectedBio): void {
    const bio = slot.bio!;
    const first = slot.sector / this.#blockSectors;
    const isOk = slot.status === BlkStatus.ok;
    if (slot.op === BioOp.read) {
      if (isOk && !this.#isIntact(slot, first)) slot.status = BlkStatus.protection;
    } else if (slot.op === BioOp.write && isOk) {
      this.tuples.write(first, slot.blockCount, slot.bytes);
    } else {
      // Zeroes without a guard, or nobody knows what.
      this.tuples.clear(first, slot.blockCount);
    }
    this.#leave(slot);
    bio.status = slot.status;
    slot.bio = undefined;
    this.#free.push(slot);
    this.#startReady();
    bio.end(bio);
  }

  #leave(slot: ProtectedBio): void {
    const lane = this.#lane;
    for (let i = lane.indexOf(slot) + 1; i < lane.length; i++) lane[i - 1] = lane[i]!;
    lane.pop();
  }

  #isIntact(slot: ProtectedBio, first: number): boolean {
    const { length } = this.#block;
    this.tuples.read(first, slot.blockCount, slot.bytes);
    let isIntact = true;
    for (let i = 0; i < slot.blockCount; i++) {
      const isThere = this.#load(slot, i);
      const base = i * PI_BYTES;
      const fault = isThere
        ? verifyPi(this.#protection, first + i, this.#block, 0, length, slot.view, base)
        : PiFault.guard;
      if (fault === PiFault.none) continue;
      (this.faults as number[])[fault]! += 1;
      isIntact = false;
    }
    return isIntact;
  }
}

/** A bio of the device below, with the tuples of its blocks. */
class ProtectedBio implements Bio {
  ioId = 0;
  op: BioOp = BioOp.read;
  sector = 0;
  sectorCount = 0;
  flags = 0;
  memory: GuestMemory;
  data = new SgList(1);
  status: BlkStatus = BlkStatus.ok;
  readonly end: (bio: Bio) => void;
  /** The bio of the submitter. */
  bio: Bio | undefined = undefined;
  isStarted = false;
  blockCount = 0;
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);

  constructor({ memory }: Bio, end: (bio: Bio) => void) {
    this.memory = memory;
    this.end = end;
  }

  take(bio: Bio, blockCount: number): void {
    this.bio = bio;
    this.ioId = bio.ioId;
    this.op = bio.op;
    this.sector = bio.sector;
    this.sectorCount = bio.sectorCount;
    this.flags = bio.flags;
    this.memory = bio.memory;
    this.data = bio.data;
    this.isStarted = false;
    this.blockCount = blockCount;
    const hasData = bio.op === BioOp.read || bio.op === BioOp.write;
    if (!hasData || this.bytes.length >= blockCount * PI_BYTES) return;
    this.bytes = new Uint8Array(blockCount * PI_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }
}
