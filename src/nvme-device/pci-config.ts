/** Configuration space of an NVMe function: bytes, and which of their bits the host can write. PCI Local Bus 3.0, 6. */
import type { AccessBytes } from '../interfaces/pci-function.ts';
import {
  msixCapability,
  NVME_CLASS_CODE,
  PCI_CONFIG_BYTES,
  PCIE_FLR_CAPABLE,
  PCIE_START_FLR,
  PciCapability,
  PciCommand,
  pcieCapability,
  pciHeader,
  pmCapability,
} from '../wire/pci.ts';

/** Where the capabilities lie. */
const MSIX_AT = 0x40;
const PM_AT = 0x50;
const PCIE_AT = 0x60;

/** What a configuration space is made from. */
export interface PciIdentity {
  /** PCI vendor. */
  vendorId: number;
  /** PCI device. */
  deviceId: number;
  /** Subsystem vendor. */
  subsystemVendorId: number;
  /** Subsystem device. */
  subsystemId: number;
  /** Revision. */
  revisionId: number;
}

/** The layout of BAR0 that the configuration space announces. */
export interface BarLayout {
  /** Size, a power of two. */
  barBytes: number;
  /** Vectors of the MSI-X table. */
  vectorCount: number;
  /** Offset of the table. */
  tableAt: number;
  /** Offset of the pending bit array. */
  pendingAt: number;
}

/** Reads and writes of configuration space, total over any offset; effects are the caller's, who looks at the getters. */
export class PciConfig {
  readonly #bytes = new Uint8Array(PCI_CONFIG_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #writable = new Uint8Array(PCI_CONFIG_BYTES);
  readonly #powerOn: Uint8Array;

  constructor(identity: PciIdentity, bar: BarLayout) {
    const view = this.#view;
    pciHeader.vendorId.set(view, 0, identity.vendorId);
    pciHeader.deviceId.set(view, 0, identity.deviceId);
    // A capability list is present.
    pciHeader.status.set(view, 0, 0x0010);
    pciHeader.revisionId.set(view, 0, identity.revisionId);
    pciHeader.progIf.set(view, 0, NVME_CLASS_CODE & 0xff);
    pciHeader.subClass.set(view, 0, (NVME_CLASS_CODE >>> 8) & 0xff);
    pciHeader.baseClass.set(view, 0, NVME_CLASS_CODE >>> 16);
    // A 64-bit memory BAR that is not prefetchable.
    pciHeader.bar0.set(view, 0, 0x4);
    pciHeader.subsystemVendorId.set(view, 0, identity.subsystemVendorId);
    pciHeader.subsystemId.set(view, 0, identity.subsystemId);
    pciHeader.capabilities.set(view, 0, MSIX_AT);
    pciHeader.interruptPin.set(view, 0, 1);
    msixCapability.id.set(view, MSIX_AT, PciCapability.msix);
    msixCapability.next.set(view, MSIX_AT, PM_AT);
    msixCapability.tableSize0.set(view, MSIX_AT, bar.vectorCount - 1);
    msixCapability.tableOffset8.set(view, MSIX_AT, bar.tableAt >>> 3);
    msixCapability.pbaOffset8.set(view, MSIX_AT, bar.pendingAt >>> 3);
    pmCapability.id.set(view, PM_AT, PciCapability.powerManagement);
    pmCapability.next.set(view, PM_AT, PCIE_AT);
    pmCapability.pmc.set(view, PM_AT, 0x0003);
    pmCapability.noSoftReset.set(view, PM_AT, true);
    pcieCapability.id.set(view, PCIE_AT, PciCapability.pciExpress);
    pcieCapability.pcieCaps.set(view, PCIE_AT, 0x0002);
    pcieCapability.deviceCaps.set(view, PCIE_AT, PCIE_FLR_CAPABLE);
    pcieCapability.linkCaps.set(view, PCIE_AT, 0x0043);
    pcieCapability.linkStatus.set(view, PCIE_AT, 0x0043);
    const mask = new DataView(this.#writable.buffer);
    const { memory, busMaster, intxDisable } = PciCommand;
    pciHeader.command.set(mask, 0, memory | busMaster | intxDisable);
    pciHeader.cacheLineSize.set(mask, 0, 0xff);
    pciHeader.bar0.set(mask, 0, -bar.barBytes >>> 0);
    pciHeader.bar1.set(mask, 0, 0xffff_ffff);
    pciHeader.interruptLine.set(mask, 0, 0xff);
    msixCapability.functionMask.set(mask, MSIX_AT, true);
    msixCapability.enable.set(mask, MSIX_AT, true);
    pmCapability.powerState.set(mask, PM_AT, 3);
    pcieCapability.deviceControl.set(mask, PCIE_AT, 0xffff);
    this.#powerOn = this.#bytes.slice();
  }

  /** The command register. */
  get command(): number {
    return pciHeader.command.get(this.#view, 0);
  }

  /** MSI-X is enabled. */
  get msixEnabled(): boolean {
    return msixCapability.enable.get(this.#view, MSIX_AT);
  }

  /** All vectors are masked. */
  get msixMasked(): boolean {
    return msixCapability.functionMask.get(this.#view, MSIX_AT);
  }

  /** Shows the pin's state in the status register. */
  setInterruptStatus(pending: boolean): void {
    const status = pciHeader.status.get(this.#view, 0);
    pciHeader.status.set(this.#view, 0, pending ? status | 0x8 : status & ~0x8);
  }

  /** As at power-on. */
  reset(): void {
    this.#bytes.set(this.#powerOn);
  }

  /** All ones outside the 256 bytes. */
  read(at: number, size: AccessBytes): number {
    if (!(at >= 0 && at + size <= PCI_CONFIG_BYTES)) return (2 ** (8 * size) - 1) >>> 0;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = ((value << 8) | this.#bytes[at + i]!) >>> 0;
    return value;
  }

  /** Writes the writable bits; true when the host asked for a function level reset. */
  write(at: number, size: AccessBytes, value: number): boolean {
    if (!(at >= 0 && at + size <= PCI_CONFIG_BYTES)) return false;
    for (let i = 0; i < size; i++) {
      const mask = this.#writable[at + i]!;
      const byte = (value >>> (8 * i)) & mask;
      this.#bytes[at + i] = (this.#bytes[at + i]! & ~mask) | byte;
    }
    const control = pcieCapability.deviceControl.get(this.#view, PCIE_AT);
    if ((control & PCIE_START_FLR) === 0) return false;
    pcieCapability.deviceControl.set(this.#view, PCIE_AT, control & ~PCIE_START_FLR);
    return true;
  }
}
