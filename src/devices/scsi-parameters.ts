/** Parameter data of a SCSI disk: INQUIRY, VPD pages, capacities, the caching mode page, LUNs. SPC-4, SBC-3. */
import type { Medium } from '../interfaces/medium.ts';
import {
  Asc,
  blockLimitsPage,
  buildSense,
  CACHING_MODE_PAGE,
  capacity10,
  capacity16,
  get32,
  inquiryData,
  ScsiOp,
  SenseKey,
  VpdPage,
} from '../wire/scsi.ts';
import { CapacityBit, ProvisioningBit, provisioningPage } from '../wire/scsi-provisioning.ts';

/** What a disk offers for letting go of blocks and filling them. SBC-3, 4.7. */
export interface ScsiProvisioning {
  /** UNMAP (LBPU). */
  unmap: boolean;
  /** WRITE SAME(16) can unmap (LBPWS). */
  writeSame16: boolean;
  /** WRITE SAME(10) can unmap (LBPWS10). */
  writeSame10: boolean;
  /** Is there a Logical Block Provisioning page? */
  page: boolean;
  /** Most blocks of one UNMAP. */
  maxUnmapBlocks: number;
  /** Blocks that are let go together, as the Block Limits page says. */
  granularityBlocks: number;
  /** Most blocks of one WRITE SAME; 0 when there is none. */
  maxWriteSameBlocks: number;
}

/** All that there is. */
export const FULL_PROVISIONING: ScsiProvisioning = {
  unmap: true,
  writeSame16: true,
  writeSame10: true,
  page: true,
  maxUnmapBlocks: 0x40_0000,
  granularityBlocks: 1,
  maxWriteSameBlocks: 0x1_0000,
};

/** What the parameter data tells of a disk. */
export interface ScsiIdentity {
  fua: boolean;
  maxTransferBlocks: number;
  physicalBytes: number;
  serial: string;
  provisioning: ScsiProvisioning;
}

/** Room for the longest answer. */
const MAX_ANSWER_BYTES = 96;

/** Descriptors of one UNMAP, at most. */
export const MAX_UNMAP_DESCRIPTORS = 256;

/** Bytes of the caching mode page. SBC-3, 6.5.6. */
const CACHING_PAGE_BYTES = 20;
/** The write cache is on. */
const WCE = 0x04;

/** Page control values of MODE SENSE. SPC-4, 6.11.1. */
const PageControl = { current: 0, changeable: 1, saved: 3 } as const;

/** Builds answers into one buffer; the result of each call is `asc`, or `length` bytes of `bytes`. */
export class ScsiParameters {
  /** The last answer. */
  readonly bytes = new Uint8Array(MAX_ANSWER_BYTES);
  /** Its length, cut to the allocation length of the CDB. */
  length = 0;
  /** Why the last command is refused, or `Asc.none`. */
  asc: Asc = Asc.none;
  /** What it tells. */
  readonly identity: ScsiIdentity;
  readonly #view = new DataView(this.bytes.buffer);
  readonly #medium: Medium;

  constructor(medium: Medium, identity: ScsiIdentity) {
    this.#medium = medium;
    this.identity = identity;
  }

  /** The command is refused. */
  refuse(asc: Asc): void {
    this.asc = asc;
    this.length = 0;
  }

  /** INQUIRY, standard data or a vital product data page. SPC-4, 6.4. */
  inquiry(cdb: Uint8Array, lun: number): void {
    const allocation = (cdb[3]! << 8) | cdb[4]!;
    const isPage = (cdb[1]! & 1) !== 0;
    if (!isPage && cdb[2] !== 0) {
      this.refuse(Asc.invalidFieldInCdb);
      return;
    }
    this.#start();
    if (isPage) {
      if (!this.#page(cdb[2]!)) this.refuse(Asc.invalidFieldInCdb);
      else this.#finish(this.length, allocation);
      return;
    }
    // No such unit: qualifier 011b, type 1Fh. SPC-4, table 175.
    inquiryData.peripheral.set(this.#view, 0, lun === 0 ? 0x00 : 0x7f);
    inquiryData.version.set(this.#view, 0, 0x06);
    inquiryData.format.set(this.#view, 0, 0x12);
    inquiryData.additionalLength.set(this.#view, 0, inquiryData.byteLength - 5);
    inquiryData.flags7.set(this.#view, 0, 0x02);
    inquiryData.vendor.set(this.#view, 0, 'LIO-NVME');
    inquiryData.product.set(this.#view, 0, 'SCSI DISK');
    inquiryData.revision.set(this.#view, 0, '1');
    this.#finish(inquiryData.byteLength, allocation);
  }

  /** REQUEST SENSE: a pending unit attention, or no sense. SPC-4, 6.39. */
  requestSense(cdb: Uint8Array, lun: number, attention: Asc): void {
    if ((cdb[1]! & 1) !== 0) {
      // Descriptor format is not offered (DESC). SPC-4, table 256.
      this.refuse(Asc.invalidFieldInCdb);
      return;
    }
    this.#start();
    let key: SenseKey = attention === Asc.none ? SenseKey.noSense : SenseKey.unitAttention;
    let asc = attention;
    if (lun !== 0) {
      key = SenseKey.illegalRequest;
      asc = Asc.lunNotSupported;
    }
    this.#finish(buildSense(this.bytes, key, asc, -1), cdb[4]!);
  }

  /** READ CAPACITY(10). SBC-3, 5.15. */
  readCapacity10(): void {
    this.#start();
    const last = this.#medium.sectorCount - 1;
    capacity10.lastLba.set(this.#view, 0, Math.min(last, 0xffff_ffff));
    capacity10.blockBytes.set(this.#view, 0, this.#medium.sectorBytes);
    this.#finish(capacity10.byteLength, capacity10.byteLength);
  }

  /** READ CAPACITY(16). SBC-3, 5.16. */
  readCapacity16(cdb: Uint8Array): void {
    this.#start();
    capacity16.lastLba.set(this.#view, 0, this.#medium.sectorCount - 1);
    capacity16.blockBytes.set(this.#view, 0, this.#medium.sectorBytes);
    const perPhysical = this.identity.physicalBytes / this.#medium.sectorBytes;
    capacity16.exponents.set(this.#view, 0, 31 - Math.clz32(perPhysical));
    if (this.#isManaged()) this.bytes[14] = CapacityBit.managed | CapacityBit.readsZeroes;
    this.#finish(capacity16.byteLength, get32(cdb, 10));
  }

  /** REPORT LUNS: unit 0 alone. SPC-4, 6.33. */
  reportLuns(cdb: Uint8Array): void {
    // Select report 2 and beyond is not offered; 1 names well known units, of which there are none.
    if (cdb[2]! > 2) {
      this.refuse(Asc.invalidFieldInCdb);
      return;
    }
    this.#start();
    const count = cdb[2] === 1 ? 0 : 1;
    this.bytes[3] = 8 * count;
    this.#finish(8 + 8 * count, get32(cdb, 6));
  }

  /** MODE SENSE(6) or (10): the caching page, alone or as all pages. SPC-4, 6.11 and 6.12. */
  modeSense(cdb: Uint8Array, isLong: boolean): void {
    const control = cdb[2]! >>> 6;
    const page = cdb[2]! & 0x3f;
    const allocation = isLong ? (cdb[7]! << 8) | cdb[8]! : cdb[4]!;
    if (control === PageControl.saved) {
      this.refuse(Asc.savingNotSupported);
      return;
    }
    const isKnown = page === CACHING_MODE_PAGE || page === 0x3f;
    if (!isKnown || (cdb[3] !== 0 && cdb[3] !== 0xff)) {
      this.refuse(Asc.invalidFieldInCdb);
      return;
    }
    this.#start();
    const header = isLong ? 8 : 4;
    const length = header + CACHING_PAGE_BYTES;
    if (isLong) this.bytes[1] = length - 2;
    else this.bytes[0] = length - 1;
    // Device specific parameter of block devices: DPOFUA. SBC-3, 6.5.1.
    this.bytes[isLong ? 3 : 2] = this.identity.fua ? 0x10 : 0;
    this.bytes[header] = CACHING_MODE_PAGE;
    this.bytes[header + 1] = CACHING_PAGE_BYTES - 2;
    const isOn = this.#medium.writeCache;
    // WCE is what can be changed.
    this.bytes[header + 2] = isOn || control === PageControl.changeable ? WCE : 0;
    this.#finish(length, allocation);
  }

  /** MODE SELECT(6) or (10): the write cache is turned on or off; why it is refused, or `none`. SPC-4, 6.9 and 6.10. */
  modeSelect(cdb: Uint8Array, list: Uint8Array): Asc {
    const isLong = cdb[0] === ScsiOp.modeSelect10;
    const header = isLong ? 8 : 4;
    if (list.length < header) return Asc.parameterListLength;
    const descriptorBytes = isLong ? (list[6]! << 8) | list[7]! : list[3]!;
    // A block descriptor may come along; the geometry is not changed by it.
    if (descriptorBytes !== 0 && descriptorBytes !== 8) return Asc.invalidFieldInParameterList;
    const page = header + descriptorBytes;
    if (list.length === page) return Asc.none;
    if (list.length < page + CACHING_PAGE_BYTES) return Asc.parameterListLength;
    const isCaching =
      (list[page]! & 0x7f) === CACHING_MODE_PAGE && list[page + 1] === CACHING_PAGE_BYTES - 2;
    if (!isCaching || list.length > page + CACHING_PAGE_BYTES) {
      return Asc.invalidFieldInParameterList;
    }
    // Nothing but WCE can be changed, and all the rest is 0.
    for (let i = 2; i < CACHING_PAGE_BYTES; i++) {
      const fixed = i === 2 ? list[page + i]! & ~WCE : list[page + i]!;
      if (fixed !== 0) return Asc.invalidFieldInParameterList;
    }
    this.#medium.writeCache = (list[page + 2]! & WCE) !== 0;
    return Asc.none;
  }

  #isManaged(): boolean {
    const { unmap, writeSame10, writeSame16 } = this.identity.provisioning;
    return unmap || writeSame10 || writeSame16;
  }

  #blockLimits(): void {
    const { provisioning, maxTransferBlocks } = this.identity;
    const view = this.#view;
    blockLimitsPage.maxTransfer.set(view, 0, maxTransferBlocks);
    blockLimitsPage.flags4.set(view, 0, 1);
    blockLimitsPage.maxWriteSame.set(view, 0, provisioning.maxWriteSameBlocks);
    if (provisioning.unmap) {
      blockLimitsPage.maxUnmapBlocks.set(view, 0, provisioning.maxUnmapBlocks);
      blockLimitsPage.maxUnmapDescriptors.set(view, 0, MAX_UNMAP_DESCRIPTORS);
    }
    if (this.#isManaged()) {
      blockLimitsPage.unmapGranularity.set(view, 0, provisioning.granularityBlocks);
    }
    this.#endPage(blockLimitsPage.byteLength - 4);
  }

  #provisioning(): void {
    const { unmap, writeSame10, writeSame16 } = this.identity.provisioning;
    const flags =
      (unmap ? ProvisioningBit.unmap : 0) |
      (writeSame16 ? ProvisioningBit.writeSame16 : 0) |
      (writeSame10 ? ProvisioningBit.writeSame10 : 0) |
      ProvisioningBit.readsZeroes;
    provisioningPage.flags.set(this.#view, 0, flags);
    provisioningPage.type.set(this.#view, 0, this.#isManaged() ? 2 : 0);
    this.#endPage(provisioningPage.byteLength - 4);
  }

  #page(code: number): boolean {
    this.bytes[1] = code;
    switch (code) {
      case VpdPage.supportedPages:
        this.bytes.set(PAGES, 4);
        this.#endPage(this.identity.provisioning.page ? PAGES.length : PAGES.length - 1);
        return true;
      case VpdPage.unitSerialNumber:
        this.#endPage(this.#putText(4, this.identity.serial, 20));
        return true;
      case VpdPage.deviceIdentification:
        // One T10 vendor ID designator in ASCII. SPC-4, 7.8.6.4.
        this.bytes[4] = 0x02;
        this.bytes[5] = 0x01;
        this.bytes[7] = 8 + this.#putText(16, this.identity.serial, 20);
        this.#putText(8, 'LIO-NVME', 8);
        this.#endPage(4 + this.bytes[7]);
        return true;
      case VpdPage.blockLimits:
        this.#blockLimits();
        return true;
      case VpdPage.provisioning:
        if (!this.identity.provisioning.page) return false;
        this.#provisioning();
        return true;
      default:
        return false;
    }
  }

  #endPage(pageLength: number): void {
    this.#view.setUint16(2, pageLength);
    this.length = 4 + pageLength;
  }

  #putText(at: number, text: string, most: number): number {
    const length = Math.min(text.length, most);
    for (let i = 0; i < length; i++) this.bytes[at + i] = text.charCodeAt(i) & 0x7f;
    return length;
  }

  #start(): void {
    this.bytes.fill(0);
    this.asc = Asc.none;
    this.length = 0;
  }

  #finish(length: number, allocation: number): void {
    this.length = Math.min(length, allocation);
  }
}

const PAGES: readonly number[] = [
  VpdPage.supportedPages,
  VpdPage.unitSerialNumber,
  VpdPage.deviceIdentification,
  VpdPage.blockLimits,
  VpdPage.provisioning,
];
