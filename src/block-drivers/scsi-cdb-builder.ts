/**
 * The commands of the SCSI disk driver: what a request becomes on this unit. After Linux's sd, SBC-3.
 *
 * A discard is an UNMAP or a WRITE SAME with the UNMAP bit, as the probe found; zeroes are written by WRITE SAME. A unit that refuses
 * such a command although it advertised it is not asked again.
 */
import { SgList } from '../base/sg-list.ts';
import { BioFlag, BioOp, BlkStatus, SECTOR_BYTES } from '../interfaces/bio.ts';
import type { Request } from '../interfaces/blk-mq.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import {
  Asc,
  ascOf,
  buildReadWrite,
  buildSynchronizeCache,
  ScsiOp,
  SenseKey,
  senseKeyOf,
} from '../wire/scsi.ts';
import {
  buildUnmap,
  buildWriteSame,
  putUnmapList,
  UNMAP_LIST_BYTES,
  WriteSameBit,
} from '../wire/scsi-provisioning.ts';
import { DiscardMode, type ScsiProbe } from './scsi-probe.ts';
import { NO_DATA, type ScsiSlot } from './scsi-slot.ts';

/** Bytes of the block of zeroes that WRITE SAME sends, enough for any unit. */
const ZERO_BYTES = 4096;

/** Fills slots from requests. */
export class ScsiCdbBuilder {
  readonly #probe: ScsiProbe;
  readonly #memory: RegionMemory;
  readonly #bytes: Uint8Array;
  /** Parameter lists, one a slot. */
  readonly #lists: readonly SgList[];
  readonly #zeroes = new SgList(1);
  readonly #list = new Uint8Array(UNMAP_LIST_BYTES);
  #canDiscard = true;
  #canWriteSame = true;

  constructor(probe: ScsiProbe, queueDepth: number) {
    this.#probe = probe;
    this.#bytes = new Uint8Array(ZERO_BYTES + queueDepth * UNMAP_LIST_BYTES);
    this.#memory = new RegionMemory([{ base: 0, bytes: this.#bytes }]);
    this.#lists = Array.from({ length: queueDepth }, (_, index) => {
      const list = new SgList(1);
      list.pushAddress(ZERO_BYTES + index * UNMAP_LIST_BYTES, UNMAP_LIST_BYTES);
      return list;
    });
  }

  /** Builds the command of a request; `ok`, or the status that it ends with for want of one. */
  build(slot: ScsiSlot, request: Request): BlkStatus {
    const perBlock = this.#probe.limits.logicalBlockSize / SECTOR_BYTES;
    const lba = request.sector / perBlock;
    const blocks = request.sectorCount / perBlock;
    switch (request.op) {
      case BioOp.read:
      case BioOp.write: {
        const isFua = (request.flags & BioFlag.fua) !== 0;
        buildReadWrite(slot.cdb, request.op === BioOp.write, lba, blocks, isFua);
        return BlkStatus.ok;
      }
      case BioOp.flush:
        slot.data = NO_DATA;
        buildSynchronizeCache(slot.cdb);
        return BlkStatus.ok;
      case BioOp.discard:
        return this.#discard(slot, lba, blocks);
      case BioOp.writeZeroes:
        return this.#writeZeroes(slot, lba, blocks);
      default:
        return this.#raw(slot, request);
    }
  }

  /** A command failed: is it one that the unit should not have offered? Then the next such request is refused here. */
  learn(slot: ScsiSlot): void {
    if (senseKeyOf(slot.sense, slot.senseLength) !== SenseKey.illegalRequest) return;
    const asc = ascOf(slot.sense, slot.senseLength);
    if (asc !== Asc.invalidOpcode && asc !== Asc.invalidFieldInCdb) return;
    const opcode = slot.cdb[0];
    if (opcode === ScsiOp.unmap) this.#canDiscard = false;
    if (opcode !== ScsiOp.writeSame10 && opcode !== ScsiOp.writeSame16) return;
    if ((slot.cdb[1]! & WriteSameBit.unmap) !== 0) this.#canDiscard = false;
    else this.#canWriteSame = false;
  }

  #discard(slot: ScsiSlot, lba: number, blocks: number): BlkStatus {
    const { discardMode } = this.#probe;
    if (!this.#canDiscard || discardMode === DiscardMode.none) return BlkStatus.notSupported;
    if (discardMode !== DiscardMode.unmap) {
      this.#same(slot, discardMode === DiscardMode.writeSame10, lba, blocks, true);
      return BlkStatus.ok;
    }
    buildUnmap(slot.cdb, UNMAP_LIST_BYTES);
    putUnmapList(this.#list, lba, blocks);
    this.#bytes.set(this.#list, ZERO_BYTES + slot.index * UNMAP_LIST_BYTES);
    slot.memory = this.#memory;
    slot.data = this.#lists[slot.index]!;
    return BlkStatus.ok;
  }

  #writeZeroes(slot: ScsiSlot, lba: number, blocks: number): BlkStatus {
    const { canZeroByUnmap, discardMode, limits } = this.#probe;
    const unmap = canZeroByUnmap && this.#canDiscard;
    if (limits.maxWriteZeroesSectors === 0 || (!unmap && !this.#canWriteSame)) {
      return BlkStatus.notSupported;
    }
    const isShort = unmap && discardMode === DiscardMode.writeSame10;
    this.#same(slot, isShort, lba, blocks, unmap);
    return BlkStatus.ok;
  }

  #same(slot: ScsiSlot, isShort: boolean, lba: number, blocks: number, unmap: boolean): void {
    const fits = lba <= 0xffff_ffff && blocks <= 0xffff;
    buildWriteSame(slot.cdb, isShort && fits, lba, blocks, unmap);
    this.#zeroes.clear();
    this.#zeroes.pushAddress(0, this.#probe.limits.logicalBlockSize);
    slot.memory = this.#memory;
    slot.data = this.#zeroes;
  }

  #raw(slot: ScsiSlot, request: Request): BlkStatus {
    if (request.raw === undefined || request.raw.length > 16) return BlkStatus.ioError;
    slot.cdb.fill(0);
    slot.cdb.set(request.raw);
    return BlkStatus.ok;
  }
}
