/**
 * Firmware slots of a subsystem: images that a host downloads, commits and activates. NVMe Base 2.0, 5.12, 5.13 and 5.16.1.4.
 *
 * An image is its revision, eight printable ASCII characters, and whatever follows. Does not model: boot partitions, authentication.
 */
import { FIRMWARE_LOG_BYTES, firmwareLog } from '../../wire/nvme-logs.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';

/** Slots of a subsystem whose firmware can be changed; the first one cannot be written. */
export const FIRMWARE_SLOTS = 3;
/** The largest image in bytes. */
export const MAX_FIRMWARE_BYTES = 1024 * 1024;
/** Pieces of an image are multiples of so many bytes (FWUG). */
export const FIRMWARE_GRANULE_BYTES = 4096;

/** Commit actions. */
const Action = { store: 0, storeAndActivateLater: 1, activateLater: 2, activateNow: 3 } as const;
const LAST_ACTION = Action.activateNow;
const REVISION_BYTES = 8;

/** What `commit` found beside its status. */
export interface CommitResult {
  readonly status: number;
  /** The image runs from now on. */
  readonly activated: boolean;
}

/** Keeps the image that is being downloaded, and the revisions of the slots. */
export class Firmware {
  readonly #revisions: string[];
  #active = 1;
  /** The slot that runs after the next reset, or 0. */
  #next = 0;
  #image = new Uint8Array(0);
  /** Which granules of the image have come. */
  #pieces = new Set<number>();
  #imageBytes = 0;

  /** @param revision of the firmware in the first slot */
  constructor(revision: string) {
    this.#revisions = new Array<string>(FIRMWARE_SLOTS).fill('');
    this.#revisions[0] = revision;
  }

  /** Revision of the firmware that runs. */
  get revision(): string {
    return this.#revisions[this.#active - 1]!;
  }

  /** Takes a piece of an image; returns a status. A piece that lies over another one begins no new image: it is refused. */
  download(offset: number, piece: Uint8Array, length: number): number {
    if (offset % FIRMWARE_GRANULE_BYTES !== 0 || length % FIRMWARE_GRANULE_BYTES !== 0) {
      return NvmeStatus.invalidField;
    }
    if (offset + length > MAX_FIRMWARE_BYTES) return NvmeStatus.invalidField;
    const first = offset / FIRMWARE_GRANULE_BYTES;
    const count = length / FIRMWARE_GRANULE_BYTES;
    for (let i = first; i < first + count; i++) {
      if (this.#pieces.has(i)) return NvmeStatus.overlappingRange;
    }
    for (let i = first; i < first + count; i++) this.#pieces.add(i);
    if (offset + length > this.#image.length) {
      const larger = new Uint8Array(offset + length);
      larger.set(this.#image);
      this.#image = larger;
    }
    this.#image.set(piece.subarray(0, length), offset);
    this.#imageBytes += length;
    return NvmeStatus.success;
  }

  /** Firmware Commit by command dword 10. */
  commit(cdw10: number): CommitResult {
    const slot = cdw10 & 7;
    const action = (cdw10 >>> 3) & 7;
    const refused = (status: number) => ({ status, activated: false });
    if (action > LAST_ACTION) return refused(NvmeStatus.invalidField);
    if (slot > FIRMWARE_SLOTS) return refused(NvmeStatus.invalidFirmwareSlot);
    const isStored =
      action !== Action.activateLater && (action !== Action.activateNow || this.#hasImage);
    if (isStored) {
      const target = slot === 0 ? this.#freeSlot : slot;
      if (target === 1) return refused(NvmeStatus.invalidFirmwareSlot);
      const revision = this.#takeImage();
      if (revision === undefined) return refused(NvmeStatus.invalidFirmwareImage);
      this.#revisions[target - 1] = revision;
      if (action === Action.store) return refused(NvmeStatus.success);
      this.#next = target;
    } else {
      if (slot === 0) return refused(NvmeStatus.invalidFirmwareSlot);
      if (this.#revisions[slot - 1] === '') return refused(NvmeStatus.invalidFirmwareImage);
      this.#next = slot;
    }
    if (action !== Action.activateNow) return refused(NvmeStatus.success);
    this.activate();
    return { status: NvmeStatus.success, activated: true };
  }

  /** A reset: what was committed for it runs from now on, and an image that was not committed is gone. */
  reset(): void {
    this.#takeImage();
    this.activate();
  }

  /** The slot that was chosen to run next does. */
  activate(): void {
    if (this.#next !== 0) this.#active = this.#next;
    this.#next = 0;
  }

  /** Writes the log page to `into`; returns its length in bytes. */
  writeTo(into: Uint8Array): number {
    const view = new DataView(into.buffer, into.byteOffset, FIRMWARE_LOG_BYTES);
    into.fill(0, 0, FIRMWARE_LOG_BYTES);
    firmwareLog.activeSlot.set(view, 0, this.#active);
    firmwareLog.nextSlot.set(view, 0, this.#next);
    for (const [i, revision] of this.#revisions.entries()) {
      if (revision !== '') firmwareLog.frs1.set(view, REVISION_BYTES * i, revision);
    }
    return FIRMWARE_LOG_BYTES;
  }

  get #hasImage(): boolean {
    return this.#imageBytes > 0;
  }

  /** A slot that is free, or one that does not run. */
  get #freeSlot(): number {
    const free = this.#revisions.indexOf('') + 1;
    return free > 0 ? free : this.#active === FIRMWARE_SLOTS ? FIRMWARE_SLOTS - 1 : FIRMWARE_SLOTS;
  }

  /** The revision of the image that was downloaded, which is gone afterwards; `undefined` for no whole image. */
  #takeImage(): string | undefined {
    const image = this.#image;
    const isWhole = this.#imageBytes > 0 && this.#imageBytes === image.length;
    this.#image = new Uint8Array(0);
    this.#imageBytes = 0;
    this.#pieces = new Set();
    if (!isWhole) return undefined;
    const revision = String.fromCharCode(...image.subarray(0, REVISION_BYTES));
    return /^[\x21-\x7e][\x20-\x7e]{7}$/.test(revision) ? revision.trimEnd() : undefined;
  }
}
