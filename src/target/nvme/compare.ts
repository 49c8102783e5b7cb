/** Compare: what the namespace holds beside what the host holds. NVM Command Set 1.0, 3.2.1. */
import { SgList } from '../../base/sg-list.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { TargetStatus } from '../../interfaces/target.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { loadSg } from '../../memory/sg-copy.ts';

const CHUNK_BYTES = 4096;

/** Memory of the controller's own that a Compare reads its blocks into; lives as long as the command. */
export class CompareBuffer {
  /** The memory, from address 0 on. */
  readonly memory: GuestMemory;
  /** All of it. */
  readonly data = new SgList(1);
  readonly #bytes: Uint8Array;

  /** @param byteLength a multiple of 4 */
  constructor(byteLength: number) {
    this.#bytes = new Uint8Array(byteLength);
    this.memory = new RegionMemory([{ base: 0, bytes: this.#bytes }]);
    this.data.push(0, 0, byteLength);
  }

  /** Compares what was read with the data of `command`, which the host may have taken away meanwhile. */
  matches(command: NvmeCommand): TargetStatus {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; at < this.#bytes.length; at += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, this.#bytes.length - at);
      if (!loadSg(command.memory, command.data, at, chunk, 0, length)) {
        return TargetStatus.dataTransferError;
      }
      for (let i = 0; i < length; i++) {
        if (chunk[i] !== this.#bytes[at + i]) return TargetStatus.miscompare;
      }
    }
    return TargetStatus.good;
  }
}
