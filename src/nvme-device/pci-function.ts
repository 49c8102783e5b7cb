/** An NVMe controller as a PCI function: what a VMM puts on its bus. */
import type { Executor } from '../interfaces/executor.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { InterruptSink } from '../interfaces/pci-function.ts';
import { NvmeDeviceController } from './controller.ts';
import { type NvmeDeviceOptions, resolveDeviceOptions } from './options.ts';
import type { PciIdentity } from './pci-config.ts';
import { NvmePciShell } from './pci-shell.ts';

/** Options of an `NvmePciFunction`: those of the controller, and who the function says it is. */
export interface NvmePciOptions extends NvmeDeviceOptions, Partial<PciIdentity> {}

/** A PCI shell with the controller of this room in it. */
export class NvmePciFunction extends NvmePciShell {
  /** @throws ConfigError for an option out of its range */
  constructor(
    executor: Executor,
    memory: GuestMemory,
    port: NvmeCommandPort,
    sink: InterruptSink,
    options: NvmePciOptions = {},
  ) {
    super(
      executor,
      (interrupts) => new NvmeDeviceController(executor, memory, port, interrupts, options),
      sink,
      { ...options, vectorCount: resolveDeviceOptions(options).vectorCount },
    );
  }
}
