/** What a road is to the stack: the guest's controller and what it leads to. */

import type { NvmeCommandPort } from '../../interfaces/nvme-command-port.ts';
import type { NvmeControllerFactory } from '../../interfaces/nvme-controller.ts';
import type { VhostMemoryRegion } from '../../interfaces/vhost.ts';
import type { RegionMemory } from '../../memory/region-memory.ts';
import type { NvmeDeviceOptions } from '../../nvme-device/index.ts';
import { NVME_VERSION } from '../config.ts';
import type { LayerRow } from '../diagram.ts';
import type { World } from '../world.ts';

/** A road from the guest's PCI bus to the target, as its file wires it. */
export interface BuiltRoad {
  /** Makes the controller behind the guest's PCI function. */
  readonly makeController: NvmeControllerFactory;
  /** Where that controller's commands go. */
  readonly port: NvmeCommandPort;
  /** The layers from the PCI function to the target, top to bottom. */
  readonly rows: readonly LayerRow[];
  /** Connects both ends; `done` comes before the guest boots. */
  start(done: () => void): void;
}

/** The guest's controller, wherever a road puts it. */
export function controllerOptions({ config, costs, tracer }: World): NvmeDeviceOptions {
  return {
    ioQueues: config.guest.queues,
    maxQueueEntries: Math.max(config.guest.queueDepth, 32),
    vectorCount: vectorCountOf(config.guest.queues),
    version: NVME_VERSION,
    costs,
    tracer,
  };
}

/** Interrupt vectors of a guest's controller: one for each queue, the admin queue included. */
export function vectorCountOf(ioQueues: number): number {
  return ioQueues + 1;
}

/** A memory table in which each address of the VMM's memory stands for itself. */
export function memoryTableOf(memory: RegionMemory): VhostMemoryRegion[] {
  return memory.regions.map(({ base, size }) => ({ guestAddress: base, size, userAddress: base }));
}
