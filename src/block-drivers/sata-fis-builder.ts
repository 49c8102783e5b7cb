/** The frames of the SATA driver: what a request becomes on this device. ACS-3, 7; after Linux's libata-scsi. */
import { SgList } from '../base/sg-list.ts';
import { ATA_SLOTS } from '../interfaces/ata-device.ts';
import { BioFlag, BioOp, BlkStatus, SECTOR_BYTES } from '../interfaces/bio.ts';
import type { Request } from '../interfaces/blk-mq.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { AtaCommand, buildCommandFis, FIS_BYTES } from '../wire/ata.ts';
import {
  buildQueuedTrimFis,
  buildTrimFis,
  putTrimList,
  TRIM_LIST_BYTES,
} from '../wire/ata-trim.ts';

const LBA_BIT = 0x40;
const FUA_BIT = 0x80;

/** A tag's command. */
export class SataSlot {
  request: Request | undefined = undefined;
  readonly fis = new Uint8Array(FIS_BYTES);
  memory: GuestMemory;
  data: SgList;
  isQueued = false;
  retries = 0;
  isTimedOut = false;
  /** The device has it. */
  isIssued = false;
  /** Ends with this status instead of being sent, when it is not `ok`. */
  refusal: BlkStatus = BlkStatus.ok;

  constructor(memory: GuestMemory, data: SgList) {
    this.memory = memory;
    this.data = data;
  }
}

/** Fills slots from requests. */
export class SataFisBuilder {
  /** One for each tag. */
  readonly slots: readonly SataSlot[];
  /** Commands that the device queues. */
  queueDepth = 0;
  /** Bytes of its sectors. */
  sectorBytes = SECTOR_BYTES;
  canTrim = false;
  canQueueTrim = false;
  /** Lists of ranges, one a slot. */
  readonly #bytes = new Uint8Array(ATA_SLOTS * TRIM_LIST_BYTES);
  readonly #memory = new RegionMemory([{ base: 0, bytes: this.#bytes }]);
  readonly #lists: readonly SgList[];
  readonly #list = new Uint8Array(TRIM_LIST_BYTES);

  constructor() {
    this.#lists = Array.from({ length: ATA_SLOTS }, (_, tag) => {
      const list = new SgList(1);
      list.pushAddress(tag * TRIM_LIST_BYTES, TRIM_LIST_BYTES);
      return list;
    });
    this.slots = this.#lists.map((list) => new SataSlot(this.#memory, list));
  }

  /** Does the request become a queued command? */
  isQueued(request: Request): boolean {
    if (this.queueDepth === 0) return false;
    if (request.op === BioOp.discard) return this.canQueueTrim;
    return request.op === BioOp.read || request.op === BioOp.write;
  }

  /** Builds the command of a request; `ok`, or the status that it ends with for want of one. */
  build(slot: SataSlot, request: Request): BlkStatus {
    const perSector = this.sectorBytes / SECTOR_BYTES;
    const lba = request.sector / perSector;
    const count = request.sectorCount / perSector;
    slot.isQueued = this.isQueued(request);
    slot.memory = request.memory;
    slot.data = request.data;
    switch (request.op) {
      case BioOp.read:
      case BioOp.write:
        this.#transfer(slot, request, lba, count & 0xffff);
        return BlkStatus.ok;
      case BioOp.flush:
        buildCommandFis(slot.fis, AtaCommand.flushCacheExt, 0, 0, 0, LBA_BIT);
        return BlkStatus.ok;
      case BioOp.discard:
        return this.#trim(slot, request.tag, lba, count);
      default:
        return buildRaw(slot, request);
    }
  }

  #transfer(slot: SataSlot, request: Request, lba: number, count: number): void {
    const isFua = (request.flags & BioFlag.fua) !== 0;
    const isWrite = request.op === BioOp.write;
    if (slot.isQueued) {
      const command = isWrite ? AtaCommand.writeFpdmaQueued : AtaCommand.readFpdmaQueued;
      const device = LBA_BIT | (isFua ? FUA_BIT : 0);
      buildCommandFis(slot.fis, command, lba, request.tag << 3, count, device);
    } else if (isWrite) {
      const command = isFua ? AtaCommand.writeDmaFuaExt : AtaCommand.writeDmaExt;
      buildCommandFis(slot.fis, command, lba, count, 0, LBA_BIT);
    } else {
      buildCommandFis(slot.fis, AtaCommand.readDmaExt, lba, count, 0, LBA_BIT);
    }
  }

  #trim(slot: SataSlot, tag: number, lba: number, count: number): BlkStatus {
    if (!this.canTrim) return BlkStatus.notSupported;
    putTrimList(this.#list, lba, count);
    this.#bytes.set(this.#list, tag * TRIM_LIST_BYTES);
    slot.memory = this.#memory;
    slot.data = this.#lists[tag]!;
    if (slot.isQueued) buildQueuedTrimFis(slot.fis, tag);
    else buildTrimFis(slot.fis);
    return BlkStatus.ok;
  }
}

function buildRaw(slot: SataSlot, request: Request): BlkStatus {
  const isRaw = request.op === BioOp.driverIn || request.op === BioOp.driverOut;
  if (!isRaw || request.raw?.length !== FIS_BYTES) return BlkStatus.notSupported;
  slot.fis.set(request.raw);
  return BlkStatus.ok;
}
