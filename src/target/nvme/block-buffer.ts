/** Memory of the controller's own for the blocks of one command: what is compared, verified, copied, or has metadata. */
import { SgList } from '../../base/sg-list.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { loadSg, storeSg } from '../../memory/sg-copy.ts';
import type { FormatInUse } from './lba-format.ts';
import { tupleAt } from './protection.ts';

/** A buffer of so many bytes is kept for the next command; a larger one is let go. */
const KEPT_BYTES = 65_536;

/** Blocks with their metadata apart. */
export class BlockBuffer {
  /** Holds the data, from address 0 on. */
  memory: GuestMemory;
  /** The data of the blocks as a list. */
  readonly data = new SgList(1);
  /** Data of the blocks, and perhaps more. */
  bytes = new Uint8Array(0);
  /** Metadata of the blocks, and perhaps more. */
  metadata = new Uint8Array(0);
  blocks = 0;

  constructor() {
    this.memory = new RegionMemory([{ base: 0, size: 4 }]);
  }

  /** Makes room for `blocks` blocks of `format`; what they hold is undefined. */
  prepare(blocks: number, { blockBytes, metadataBytes }: FormatInUse): void {
    const byteLength = blocks * blockBytes;
    this.blocks = blocks;
    if (this.bytes.length < byteLength) {
      this.bytes = new Uint8Array(byteLength);
      this.memory = new RegionMemory([{ base: 0, bytes: this.bytes }]);
    }
    if (this.metadata.length < blocks * metadataBytes) {
      this.metadata = new Uint8Array(blocks * metadataBytes);
    }
    this.data.clear();
    this.data.push(0, 0, byteLength);
  }

  /** Is it small enough to be kept? */
  get isSmall(): boolean {
    return this.bytes.length + this.metadata.length <= KEPT_BYTES;
  }

  /**
   * Copies the blocks of `command` from the host, which may have taken the memory away: then it returns false.
   *
   * @param withMetadata whether metadata crosses, and is not made by the controller
   */
  load(command: NvmeCommand, format: FormatInUse, withMetadata: boolean): boolean {
    const { memory, data, metadata } = command;
    const { blockBytes, metadataBytes, extended } = format;
    if (!withMetadata || !extended) {
      return (
        loadSg(memory, data, 0, this.bytes, 0, this.blocks * blockBytes) &&
        (!withMetadata ||
          loadSg(memory, metadata, 0, this.metadata, 0, this.blocks * metadataBytes))
      );
    }
    const stride = blockBytes + metadataBytes;
    for (let i = 0; i < this.blocks; i++) {
      const at = i * stride;
      if (!loadSg(memory, data, at, this.bytes, i * blockBytes, blockBytes)) return false;
      const meta = i * metadataBytes;
      if (!loadSg(memory, data, at + blockBytes, this.metadata, meta, metadataBytes)) return false;
    }
    return true;
  }

  /** Copies the blocks to the host of `command`, otherwise as `load`. */
  store(command: NvmeCommand, format: FormatInUse, withMetadata: boolean): boolean {
    const { memory, data, metadata } = command;
    const { blockBytes, metadataBytes, extended } = format;
    if (!withMetadata || !extended) {
      return (
        storeSg(memory, data, 0, this.bytes, 0, this.blocks * blockBytes) &&
        (!withMetadata ||
          storeSg(memory, metadata, 0, this.metadata, 0, this.blocks * metadataBytes))
      );
    }
    const stride = blockBytes + metadataBytes;
    for (let i = 0; i < this.blocks; i++) {
      const at = i * stride;
      if (!storeSg(memory, data, at, this.bytes, i * blockBytes, blockBytes)) return false;
      const meta = i * metadataBytes;
      if (!storeSg(memory, data, at + blockBytes, this.metadata, meta, metadataBytes)) return false;
    }
    return true;
  }

  /** Are data and metadata those of `other`? Protection information is not compared: it is checked. */
  equals(other: BlockBuffer, format: FormatInUse): boolean {
    const { blockBytes, metadataBytes, protectionBytes } = format;
    for (let i = 0; i < this.blocks * blockBytes; i++) {
      if (this.bytes[i] !== other.bytes[i]) return false;
    }
    for (let i = 0; i < this.blocks; i++) {
      const tuple = tupleAt(format, i);
      for (let at = i * metadataBytes; at < (i + 1) * metadataBytes; at++) {
        if (at >= tuple && at < tuple + protectionBytes) continue;
        if (this.metadata[at] !== other.metadata[at]) return false;
      }
    }
    return true;
  }
}
