/** A function on a memory port, driven by hand. */

import type { NvmeCommandPort, NvmePortLimits } from '../../src/interfaces/nvme-command-port.ts';
import { RecordingMemory } from '../../src/memory/recording-memory.ts';
import type { MemoryRegion } from '../../src/memory/region-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { NvmePciFunction, type NvmePciOptions } from '../../src/nvme-device/index.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import {
  MemoryCommandPort,
  type MemoryPortOptions,
} from '../../src/testing/nvme/memory-command-port.ts';
import { RawNvmeHost } from '../../src/testing/nvme/raw-nvme-host.ts';

export const MEMORY_BYTES = 4 << 20;
/** Where tests put data; below lie the queues. */
export const DATA = 0x20_0000;

export class DeviceWorld {
  readonly executor = new SimExecutor();
  readonly ram = new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);
  readonly memory: RecordingMemory;
  readonly port: MemoryCommandPort;
  readonly pci: NvmePciFunction;
  readonly host: RawNvmeHost;
  readonly messages: number[] = [];
  readonly levels: boolean[] = [];

  /** @param limits what the port advertises beside its own */
  constructor(
    options: NvmePciOptions = {},
    portOptions: MemoryPortOptions = {},
    limits: Partial<NvmePortLimits> = {},
    submitFused?: NvmeCommandPort['submitFused'],
  ) {
    this.memory = new RecordingMemory(this.ram);
    this.port = new MemoryCommandPort(this.executor, portOptions);
    Object.assign(this.port, { limits: { ...this.port.limits, ...limits }, submitFused });
    const sink = {
      msix: (vector: number) => void this.messages.push(vector),
      intx: (level: boolean) => void this.levels.push(level),
    };
    this.pci = new NvmePciFunction(this.executor, this.memory, this.port, sink, options);
    this.host = new RawNvmeHost(this.executor, this.ram, this.pci);
  }

  get region(): MemoryRegion {
    return this.ram.regions[0]!;
  }

  /** Switches MSI-X on with all vectors open. */
  openVectors(): void {
    const tableAt = this.pci.configRead(0x44, 4) & ~7;
    const count = (this.pci.configRead(0x42, 2) & 0x7ff) + 1;
    for (let vector = 0; vector < count; vector++) {
      this.pci.mmioWrite(tableAt + 16 * vector + 12, 4, 0);
    }
    this.pci.configWrite(0x42, 2, 0x8000);
    this.executor.runUntilIdle();
  }
}
