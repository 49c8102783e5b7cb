/** vhost_nvme as it was prototyped: without rings. The VMM forwards the accesses of BAR0, and the host serves the queues in guest memory. */
import type { Notifier } from './notifier.ts';
import type { NvmeCommandPort } from './nvme-command-port.ts';
import type { AccessBytes } from './pci-function.ts';
import type { VhostErrno, VhostMemoryRegion } from './vhost.ts';

/** The version that VHOST_NVME_GET_ABI_VERSION answers. */
export const VHOST_NVME_BAR_ABI_VERSION = 0;

/**
 * The ioctl surface of the device. A call that answers an errno changes nothing when it refuses.
 *
 * `setOwner` comes first, then the memory table, then the endpoint; with the endpoint the controller comes into being, at power-on,
 * and until it is cleared the memory table stays.
 */
export interface VhostNvmeBar {
  /** VHOST_NVME_GET_ABI_VERSION. */
  readonly abiVersion: number;
  /** VHOST_SET_OWNER. */
  setOwner(): VhostErrno;
  /** VHOST_SET_MEM_TABLE: all that queues and data of the guest can lie in. */
  setMemTable(regions: readonly VhostMemoryRegion[]): VhostErrno;
  /** VHOST_NVME_SET_EVENTFD: who is told of new completions on `vector`; vector 0 also of each change of the pin's level. */
  setVectorCall(vector: number, call: Notifier | undefined): VhostErrno;
  /** VHOST_NVME_SET_ENDPOINT. */
  setEndpoint(target: NvmeCommandPort): VhostErrno;
  /**
   * VHOST_NVME_CLEAR_ENDPOINT: ends all commands in flight and calls `done`, never inside the call; from then on the device
   * touches no memory. `done` is not called when the call is refused.
   */
  clearEndpoint(done: () => void): VhostErrno;
  /** Reads `size` bytes of the registers at `at`; -ENODEV without an endpoint. */
  barRead(at: number, size: AccessBytes): number;
  /** Writes `size` bytes of the registers, or of a doorbell. */
  barWrite(at: number, size: AccessBytes, value: number): VhostErrno;
  /** A reset of the function that the VMM shows. */
  resetController(): VhostErrno;
  /** The guest chose message interrupts with `vectorCount` vectors, or the pin. */
  setInterruptMode(vectorCount: number, levels: boolean): VhostErrno;
  /** The guest lets the function master the bus, or does not. */
  setBusMaster(canMaster: boolean): VhostErrno;
  /** The level of the pin now; false without an endpoint. */
  readonly pinLevel: boolean;
}
