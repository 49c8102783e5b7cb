/**
 * `vhost-nvme-bar`: the controller itself runs in the host kernel. The VMM forwards each access of BAR0 by an ioctl, the host reads queues
 * and data straight from guest memory, and completions come back over one eventfd for each vector.
 */
import { assert } from '../../base/assert.ts';
import type { NvmeCommandPort } from '../../interfaces/nvme-command-port.ts';
import { VhostErrno } from '../../interfaces/vhost.ts';
import { NvmeDeviceController, registerBytesOf } from '../../nvme-device/index.ts';
import { VhostNvmeBarDevice } from '../../vhost/index.ts';
import { BarForwarder } from '../../vmm/index.ts';
import type { World } from '../world.ts';
import { type BuiltRoad, controllerOptions, memoryTableOf, vectorCountOf } from './road.ts';

/** Builds the road. */
export function buildVhostNvmeBar(world: World, target: NvmeCommandPort): BuiltRoad {
  const { executor, memory, costs, config } = world;
  const options = controllerOptions(world);
  const vectorCount = vectorCountOf(config.guest.queues);
  const traced = world.tracer === undefined ? {} : { tracer: world.tracer };
  const device = new VhostNvmeBarDevice(
    memory.vmm,
    (guest, port, interrupts) =>
      new NvmeDeviceController(executor, guest, port, interrupts, options),
    { vectorCount, ...traced },
  );
  let forwarder: BarForwarder | undefined;
  return {
    makeController: (interrupts) => {
      forwarder = new BarForwarder(executor, device, interrupts, {
        registerBytes: registerBytesOf(options),
        vectorCount,
        eventfdWakeNs: costs.eventfdWakeNs,
      });
      return forwarder;
    },
    port: target,
    rows: [
      {
        place: 'VMM',
        name: 'NVMe PCI function',
        below: 'BAR accesses as ioctls, eventfd call',
        counters: () => ({}),
      },
      {
        place: 'host kernel',
        name: 'vhost_nvme, with the controller',
        below: 'function call',
        counters: () => ({ ...device.counters }),
      },
    ],
    start: (done) => {
      // The guest's RAM and nothing else: what the VMM keeps for itself is not the host's to read.
      const refusal = forwarder?.start(memoryTableOf(memory.guest), target);
      assert(refusal === VhostErrno.ok, `vhost accepts the VMM's set-up (errno ${refusal})`);
      done();
    },
  };
}
