/** `direct`: no transport; the controller's commands reach the target by a function call. */
import type { NvmeCommandPort } from '../../interfaces/nvme-command-port.ts';
import { NvmeDeviceController } from '../../nvme-device/index.ts';
import type { World } from '../world.ts';
import { type BuiltRoad, controllerOptions } from './road.ts';

/** Builds the road. */
export function buildDirect(world: World, target: NvmeCommandPort): BuiltRoad {
  const { executor, memory } = world;
  const options = controllerOptions(world);
  return {
    makeController: (interrupts) =>
      new NvmeDeviceController(executor, memory.guest, target, interrupts, options),
    port: target,
    rows: [
      { place: 'VMM', name: 'NVMe PCI function', below: 'function call', counters: () => ({}) },
    ],
    start: (done) => done(),
  };
}
