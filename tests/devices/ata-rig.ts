/** A SATA disk, and frames of which the test says the fields. */
import { SgList } from '../../src/base/sg-list.ts';
import { AtaDisk, type AtaDiskOptions } from '../../src/devices/ata-disk.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { type AtaCommand, buildCommandFis, FIS_BYTES } from '../../src/wire/ata.ts';

export const ATA_MEMORY_BYTES = 1 << 20;

export interface FisFields {
  lba?: number;
  count?: number;
  features?: number;
  device?: number;
  /** Bytes of memory in the slot. */
  bytes?: number;
  slot?: number;
}

export class AtaRig {
  readonly executor = new SimExecutor();
  readonly memory = new RegionMemory([{ base: 0, size: ATA_MEMORY_BYTES }]);
  readonly medium: SparseMedium;
  readonly disk: AtaDisk;
  /** Frames that came, in words: `d2h 50`, `d2h 51 04`, `sdb 0000000f`, `sdb 51 40`, `pio`. */
  readonly frames: string[] = [];

  constructor(options: Partial<AtaDiskOptions> & { sectorBytes?: number } = {}) {
    const { sectorBytes = 512, ...rest } = options;
    this.medium = new SparseMedium({ sectorCount: 2048, sectorBytes });
    this.disk = new AtaDisk(this.executor, { medium: this.medium, ...rest });
    this.disk.connect((fis) => this.frames.push(describeFis(fis)));
  }

  issue(command: number, fields: FisFields = {}): void {
    const { lba = 0, count = 0, features = 0, device = 0x40, bytes = 0, slot = 0 } = fields;
    const fis = new Uint8Array(FIS_BYTES);
    buildCommandFis(fis, command as AtaCommand, lba, count, features, device);
    this.issueRaw(fis, bytes, slot);
  }

  issueRaw(fis: Uint8Array, bytes = 0, slot = 0): void {
    const data = new SgList();
    if (bytes > 0) data.pushAddress(0, bytes);
    this.disk.issue(slot, fis, this.memory, data, 1);
  }

  /** Issues and runs until idle; the frames that came. */
  run(command: number, fields: FisFields = {}): string[] {
    this.issue(command, fields);
    return this.drain();
  }

  /** A queued read or write of one sector. */
  queue(tag: number, write: boolean, lba: number, device = 0x40): void {
    const command = write ? 0x61 : 0x60;
    this.issue(command, { lba, features: 1, count: tag << 3, device, bytes: 512, slot: tag });
  }

  drain(): string[] {
    this.executor.runUntilIdle();
    return this.frames.splice(0);
  }
}

function describeFis(fis: Uint8Array): string {
  const hex = (value: number, digits = 2): string => value.toString(16).padStart(digits, '0');
  const error = fis[3] === 0 ? '' : ` ${hex(fis[3]!)}`;
  switch (fis[0]) {
    case 0x34:
      return `d2h ${hex(fis[2]!)}${error}`;
    case 0x5f:
      return 'pio';
    case 0xa1: {
      const active = new DataView(fis.buffer, fis.byteOffset).getUint32(4, true);
      return (fis[2]! & 0x21) === 0 ? `sdb ${hex(active, 8)}` : `sdb ${hex(fis[2]!)}${error}`;
    }
    default:
      return `fis ${hex(fis[0]!)}`;
  }
}
