/** Parameter data of a SCSI disk: INQUIRY, VPD pages, capacities, mode pages, LUNs. SPC-4, SBC-3. */
import type { Medium } from '../interfaces/medium.ts';
import {
  Asc,
  blockLimitsPage,
  buildSense,
  CACHING_MODE_PAGE,
  capacity10,
  capacity16,
  inquiryData,
  SenseKey,
  VpdPage,
} from '../wire/scsi.ts';

/** What the parameter data tells of a disk. */
export interface ScsiIdentity {
  fua: boolean;
  maxTransferBlocks: number;
  physicalBytes: number;
  serial: string;
}

/** Room for the longest answer. */
const MAX_ANSWER_BYTES = 96;

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
  /** Does the disk honour FUA? */
  readonly fua: boolean;
  readonly #view = new DataView(this.bytes.buffer);
  readonly #medium: Medium;
  readonly #identity: ScsiIdentity;

  constructor(medium: Medium, identity: ScsiIdentity) {
    this.#medium = medium;
    this.#identity = identity;
    this.fua = identity.fua;
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
    const perPhysical = this.#identity.physicalBytes / this.#medium.sectorBytes;
    capacity16.exponents.set(this.#view, 0, 31 - Math.clz32(perPhysical));
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
    const length = header + 20;
    if (isLong) this.bytes[1] = length - 2;
    else this.bytes[0] = length - 1;
    // Device specific parameter of block devices: DPOFUA. SBC-3, 6.5.1.
    this.bytes[isLong ? 3 : 2] = this.fua ? 0x10 : 0;
    this.bytes[header] = CACHING_MODE_PAGE;
    this.bytes[header + 1] = 18;
    const isOn = control !== PageControl.changeable && this.#medium.writeCache;
    this.bytes[header + 2] = isOn ? 0x04 : 0;
    this.#finish(length, allocation);
  }

  #page(code: number): boolean {
    this.bytes[1] = code;
    switch (code) {
      case VpdPage.supportedPages:
        this.bytes.set(PAGES, 4);
        this.#endPage(PAGES.length);
        return true;
      case VpdPage.unitSerialNumber:
        this.#endPage(this.#putText(4, this.#identity.serial, 20));
        return true;
      case VpdPage.deviceIdentification:
        // One T10 vendor ID designator in ASCII. SPC-4, 7.8.6.4.
        this.bytes[4] = 0x02;
        this.bytes[5] = 0x01;
        this.bytes[7] = 8 + this.#putText(16, this.#identity.serial, 20);
        this.#putText(8, 'LIO-NVME', 8);
        this.#endPage(4 + this.bytes[7]);
        return true;
      case VpdPage.blockLimits:
        blockLimitsPage.maxTransfer.set(this.#view, 0, this.#identity.maxTransferBlocks);
        this.#endPage(blockLimitsPage.byteLength - 4);
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
];

function get32(from: Uint8Array, at: number): number {
  return ((from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!) >>> 0;
}
