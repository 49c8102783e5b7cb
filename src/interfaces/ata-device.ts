/** A SATA device as a host adapter with AHCI-like command slots sees it. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';

/** Command slots of a port (AHCI 1.3.1, 3.1.1): a queued command's tag is the number of its slot. */
export const ATA_SLOTS = 32;

/**
 * The device end of a SATA link, one frame (FIS) at a time.
 *
 * The host puts a Register Host to Device FIS into a free slot, with the memory that the data moves to or from by DMA. What becomes of
 * it comes back as frames: Set Device Bits for queued commands, PIO Setup or Register Device to Host for others. The device sends
 * no frame inside `issue` or `comreset`, and uses the memory of a slot no more once the frame that ends it is sent.
 * At most one command that is not queued is outstanding, and none beside queued ones: a host that breaks this gets an error.
 * Total over any frame.
 */
export interface AtaDevice {
  /** Where frames to the host go; the bytes are valid during the call. */
  connect(receive: (fis: Uint8Array) => void): void;
  /**
   * A frame of 20 bytes from the host in slot 0 .. 31. The frame is copied; the list must stay until the command ends. A frame that writes
   * device control (bit C is 0) belongs to no slot: when its SRST goes from 1 to 0 commands in flight are gone, as after `comreset`.
   *
   * @param ioId of the request that it serves, for traces
   */
  issue(slot: number, fis: Uint8Array, memory: GuestMemory, data: SgList, ioId: number): void;
  /**
   * Link reset: commands in flight are gone without a frame; then the signature comes as a Register Device to Host FIS.
   *
   * @param speedLimit the fastest generation that may be agreed upon (SControl, SPD): 1 .. 3, or 0 for no limit
   */
  comreset(speedLimit: number): void;
  /** The generation that the link runs at (SStatus, SPD): 1 .. 3; 0 when nobody answers. */
  readonly linkSpeed: number;
}
