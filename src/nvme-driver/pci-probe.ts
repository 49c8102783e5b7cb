/** Finding and switching on an NVMe function through its configuration space. PCI Local Bus 3.0, 6. */
import type { PciFunction } from '../interfaces/pci-function.ts';
import {
  MSIX_ENTRY_BYTES,
  NVME_CLASS_CODE,
  PciCapability,
  PciCommand,
  PciRegister,
} from '../wire/pci.ts';

/** Where BAR0 is put: below 4 GiB, where a PC keeps its devices. */
const BAR_ADDRESS = 0xe000_0000;
/** Message address and data of vector 0, as a PC's local APIC takes them. */
const MESSAGE_ADDRESS = 0xfee0_0000;
const MESSAGE_DATA = 0x40;
const MSIX_ENABLE = 0x8000;
const MSIX_FUNCTION_MASK = 0x4000;
/** A capability list has no more than this many entries in 256 bytes. */
const MAX_CAPABILITIES = 48;

/** What a probe found. */
export interface ProbedFunction {
  /** Size of BAR0. */
  readonly barBytes: number;
  /** Vectors of the MSI-X table, all unmasked now. */
  readonly vectorCount: number;
}

/** Sizes BAR0, switches on memory, bus mastering and MSI-X. Returns a sentence when this is no usable NVMe function. */
export function probeFunction(pci: PciFunction): ProbedFunction | string {
  const classCode = pci.configRead(PciRegister.revisionId, 4) >>> 8;
  if (classCode !== NVME_CLASS_CODE) {
    return `not an NVMe controller: class code ${classCode.toString(16).padStart(6, '0')}`;
  }
  const barBytes = sizeBar(pci);
  if (barBytes < 0x2000) return `BAR0 is too small for the registers: ${barBytes} bytes`;
  pci.configWrite(
    PciRegister.command,
    2,
    PciCommand.memory | PciCommand.busMaster | PciCommand.intxDisable,
  );
  const msixAt = findCapability(pci, PciCapability.msix);
  if (msixAt < 0) return 'no MSI-X capability';
  const vectorCount = enableMsix(pci, msixAt, barBytes);
  return vectorCount === 0 ? 'the MSI-X table is not in BAR0' : { barBytes, vectorCount };
}

function sizeBar(pci: PciFunction): number {
  pci.configWrite(PciRegister.bar0, 4, 0xffff_ffff);
  const mask = pci.configRead(PciRegister.bar0, 4);
  const is64 = (mask & 6) === 4;
  pci.configWrite(PciRegister.bar0, 4, BAR_ADDRESS);
  if (is64) pci.configWrite(PciRegister.bar1, 4, 0);
  const isMemory = (mask & 1) === 0;
  return isMemory ? (~(mask & 0xffff_fff0) + 1) >>> 0 : 0;
}

function findCapability(pci: PciFunction, id: number): number {
  let at = pci.configRead(PciRegister.capabilities, 1) & 0xfc;
  for (let i = 0; at >= 0x40 && i < MAX_CAPABILITIES; i++) {
    if (pci.configRead(at, 1) === id) return at;
    at = pci.configRead(at + 1, 1) & 0xfc;
  }
  return -1;
}

function enableMsix(pci: PciFunction, at: number, barBytes: number): number {
  const control = pci.configRead(at + 2, 2);
  const table = pci.configRead(at + 4, 4);
  const vectorCount = (control & 0x7ff) + 1;
  const tableAt = (table & ~7) >>> 0;
  const isInBar0 = (table & 7) === 0 && tableAt + vectorCount * MSIX_ENTRY_BYTES <= barBytes;
  if (!isInBar0) return 0;
  pci.configWrite(at + 2, 2, MSIX_ENABLE | MSIX_FUNCTION_MASK);
  for (let vector = 0; vector < vectorCount; vector++) {
    const entry = tableAt + vector * MSIX_ENTRY_BYTES;
    pci.mmioWrite(entry, 4, MESSAGE_ADDRESS);
    pci.mmioWrite(entry + 4, 4, 0);
    pci.mmioWrite(entry + 8, 4, MESSAGE_DATA + vector);
    pci.mmioWrite(entry + 12, 4, 0);
  }
  pci.configWrite(at + 2, 2, MSIX_ENABLE);
  return vectorCount;
}
