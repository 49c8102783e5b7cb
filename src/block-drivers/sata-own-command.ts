/** Commands that the SATA driver sends for itself, and the page that their answer comes into. */
import { SgList } from '../base/sg-list.ts';
import type { AtaDevice } from '../interfaces/ata-device.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { type AtaCommand, buildCommandFis, buildControlFis, FIS_BYTES } from '../wire/ata.ts';

/** The slot of these commands; nothing else is in flight then. */
const OWN_SLOT = 0;
const LBA_BIT = 0x40;
const PAGE_BYTES = 512;

/** One command at a time. */
export class SataOwnCommand {
  /** The answer, after `load`. */
  readonly bytes = new Uint8Array(PAGE_BYTES);
  readonly #device: AtaDevice;
  readonly #page = new RegionMemory([{ base: 0, size: PAGE_BYTES }]);
  readonly #list = new SgList(1);
  readonly #fis = new Uint8Array(FIS_BYTES);

  constructor(device: AtaDevice) {
    this.#device = device;
    this.#list.pushAddress(0, PAGE_BYTES);
  }

  /** Sends a command whose answer is one page. */
  issue(command: AtaCommand, lba: number, count: number): void {
    buildCommandFis(this.#fis, command, lba, count, 0, LBA_BIT);
    this.#device.issue(OWN_SLOT, this.#fis, this.#page, this.#list, 0);
  }

  /** Begins and ends a soft reset. Serial ATA 3.2, 11.4. */
  softReset(): void {
    buildControlFis(this.#fis, true);
    this.#device.issue(OWN_SLOT, this.#fis, this.#page, this.#list, 0);
    buildControlFis(this.#fis, false);
    this.#device.issue(OWN_SLOT, this.#fis, this.#page, this.#list, 0);
  }

  /** Takes in the answer. */
  load(): Uint8Array {
    this.#page.load(0, this.bytes, 0, PAGE_BYTES);
    return this.bytes;
  }
}
