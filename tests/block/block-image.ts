/** A disk of plain bytes, for tests of what is read from it: reads end on a later turn, and blocks can be bad. */
import {
  type Bio,
  BioOp,
  BlkStatus,
  type BlockDevice,
  DEFAULT_LIMITS,
  SECTOR_BYTES,
} from '../../src/interfaces/bio.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';

export class BlockImage implements BlockDevice {
  readonly limits;
  readonly capacitySectors: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Logical blocks that cannot be read. */
  readonly bad = new Set<number>();
  reads = 0;
  readonly #executor: SimExecutor;
  readonly #waiting: Bio[] = [];
  readonly #task = makeTask('image', () => this.#endAll());

  constructor(executor: SimExecutor, capacitySectors: number, logicalBlockSize = 512) {
    this.#executor = executor;
    this.limits = { ...DEFAULT_LIMITS, logicalBlockSize, physicalBlockSize: 4096 };
    this.capacitySectors = capacitySectors;
    this.bytes = new Uint8Array(capacitySectors * SECTOR_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  submitBio(bio: Bio): void {
    this.reads += 1;
    this.#waiting.push(bio);
    this.#executor.post(this.#task);
  }

  plug(): void {}

  unplug(): void {}

  #endAll(): void {
    for (const bio of this.#waiting.splice(0)) {
      bio.status = this.#read(bio);
      bio.end(bio);
    }
  }

  #read({ op, sector, sectorCount, memory, data }: Bio): BlkStatus {
    const block = this.limits.logicalBlockSize / SECTOR_BYTES;
    if (op !== BioOp.read || sector < 0 || sector + sectorCount > this.capacitySectors) {
      return BlkStatus.ioError;
    }
    for (let at = sector; at < sector + sectorCount; at += block) {
      if (this.bad.has(at / block)) return BlkStatus.medium;
    }
    memory.store(data.gpa(0), this.bytes, sector * SECTOR_BYTES, data.byteLength);
    return BlkStatus.ok;
  }
}
