/** A PCI function whose controller runs in the host kernel, on a target that does what the test says. */
import { RegionMemory } from '../../src/memory/region-memory.ts';
import {
  NvmeDeviceController,
  NvmePciShell,
  registerBytesOf,
} from '../../src/nvme-device/index.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { RawNvmeHost } from '../../src/testing/nvme/raw-nvme-host.ts';
import { VhostNvmeBarDevice } from '../../src/vhost/index.ts';
import { BarForwarder } from '../../src/vmm/index.ts';
import { MockTarget } from './mock-target.ts';

const GUEST_BYTES = 4 << 20;
const VMM_BYTES = 4096;

/** The guest's RAM, which the table names, and above it a page of the VMM's own, which it does not. */
export class BarWorld {
  readonly executor = new SimExecutor();
  readonly memory = new RegionMemory([{ base: 0, size: GUEST_BYTES + VMM_BYTES }]);
  readonly regions = [{ guestAddress: 0, size: GUEST_BYTES, userAddress: 0 }];
  readonly target = new MockTarget(this.executor);
  readonly messages: number[] = [];
  readonly levels: boolean[] = [];
  readonly device: VhostNvmeBarDevice;
  readonly forwarder: BarForwarder;
  readonly pci: NvmePciShell;
  readonly host: RawNvmeHost;

  /** @param vectorCount interrupt vectors of shell and device */
  constructor(vectorCount = 3) {
    const options = { ioQueues: 2, vectorCount };
    const { executor, memory } = this;
    this.device = new VhostNvmeBarDevice(
      memory,
      (guest, target, interrupts) =>
        new NvmeDeviceController(executor, guest, target, interrupts, options),
      { vectorCount },
    );
    let forwarder: BarForwarder | undefined;
    this.pci = new NvmePciShell(
      executor,
      (interrupts) => {
        const registerBytes = registerBytesOf(options);
        forwarder = new BarForwarder(executor, this.device, interrupts, {
          registerBytes,
          vectorCount,
        });
        return forwarder;
      },
      {
        msix: (vector) => void this.messages.push(vector),
        intx: (level) => void this.levels.push(level),
      },
      { vectorCount },
    );
    this.forwarder = forwarder!;
    this.host = new RawNvmeHost(executor, memory, this.pci);
  }
}

/** First address that the table does not name. */
export const BEYOND_GUEST = GUEST_BYTES;
