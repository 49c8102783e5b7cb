/** Finding and setting up a function through its configuration space. PCI Local Bus 3.0, 6. */
import type { PciFunction } from '../interfaces/pci-function.ts';
import {
  MSIX_ENTRY_BYTES,
  NVME_CLASS_CODE,
  PciCapability,
  PciCommand,
  PciRegister,
} from '../wire/pci.ts';

/** Most capabilities that fit into configuration space; a longer list is a circle. */
const MAX_CAPABILITIES = 48;
const STATUS_CAPABILITIES = 0x10;
const MSIX_ENABLE = 0x8000_0000;
const MSIX_FUNCTION_MASK = 0x4000_0000;
/** Where BAR0 is put when nobody placed it: below 4 GiB, where a PC keeps its devices. */
const BAR_ADDRESS = 0xe000_0000;
/** Where messages go on the machines that have local interrupt controllers; the data is the vector. */
const MESSAGE_ADDRESS = 0xfee0_0000;

/** What the probe found. */
export interface ProbedFunction {
  /** Why it cannot be driven, or `undefined`. */
  error: string | undefined;
  /** Offset of the MSI-X capability, 0 for none. */
  msixAt: number;
  /** Vectors of the MSI-X table. */
  vectorCount: number;
}

/** Checks class and BAR0, and looks for MSI-X. Leaves everything as it was. */
export function probeFunction(pci: PciFunction): ProbedFunction {
  const found: ProbedFunction = { error: undefined, msixAt: 0, vectorCount: 0 };
  const classCode = pci.configRead(PciRegister.revisionId, 4) >>> 8;
  if (classCode !== NVME_CLASS_CODE) {
    found.error = `class code ${classCode.toString(16).padStart(6, '0')} is no NVMe controller`;
    return found;
  }
  const barBytes = sizeBar(pci);
  if (barBytes < 0x2000) {
    found.error = `BAR0 of ${barBytes} bytes has no room for doorbells`;
    return found;
  }
  const at = findCapability(pci, PciCapability.msix);
  if (at === 0) return found;
  const table = pci.configRead(at + 4, 4);
  const vectorCount = ((pci.configRead(at, 4) >>> 16) & 0x7ff) + 1;
  // A table in another BAR is out of this driver's reach: it then uses the pin.
  if ((table & 7) !== 0 || (table & ~7) + vectorCount * MSIX_ENTRY_BYTES > barBytes) return found;
  found.msixAt = at;
  found.vectorCount = vectorCount;
  return found;
}

/** Places BAR0, lets the function master the bus and decode memory; with MSI-X, opens all vectors. */
export function enableFunction(pci: PciFunction, found: ProbedFunction, useMsix: boolean): void {
  const isPlaced = (pci.configRead(PciRegister.bar0, 4) & ~15) !== 0;
  if (!isPlaced && pci.configRead(PciRegister.bar1, 4) === 0) {
    pci.configWrite(PciRegister.bar0, 4, BAR_ADDRESS);
  }
  const command = pci.configRead(PciRegister.command, 2);
  const wanted = PciCommand.memory | PciCommand.busMaster | (useMsix ? PciCommand.intxDisable : 0);
  pci.configWrite(PciRegister.command, 2, (command & ~PciCommand.intxDisable) | wanted);
  if (found.msixAt === 0) return;
  const control = pci.configRead(found.msixAt, 4) & ~(MSIX_ENABLE | MSIX_FUNCTION_MASK);
  if (!useMsix) {
    pci.configWrite(found.msixAt, 4, control >>> 0);
    return;
  }
  // Masked as a whole while the entries are written.
  pci.configWrite(found.msixAt, 4, (control | MSIX_ENABLE | MSIX_FUNCTION_MASK) >>> 0);
  const table = pci.configRead(found.msixAt + 4, 4) & ~7;
  for (let vector = 0; vector < found.vectorCount; vector++) {
    const at = table + vector * MSIX_ENTRY_BYTES;
    pci.mmioWrite(at, 4, MESSAGE_ADDRESS);
    pci.mmioWrite(at + 4, 4, 0);
    pci.mmioWrite(at + 8, 4, vector);
    pci.mmioWrite(at + 12, 4, 0);
  }
  pci.configWrite(found.msixAt, 4, (control | MSIX_ENABLE) >>> 0);
}

/** Takes the function off the bus. */
export function disableFunction(pci: PciFunction, found: ProbedFunction): void {
  if (found.msixAt !== 0) {
    const control = pci.configRead(found.msixAt, 4) & ~MSIX_ENABLE;
    pci.configWrite(found.msixAt, 4, control >>> 0);
  }
  const command = pci.configRead(PciRegister.command, 2);
  pci.configWrite(PciRegister.command, 2, command & ~PciCommand.busMaster);
}

/** The size of BAR0, 0 when it is none of memory. Writes all ones and puts back what was there. */
function sizeBar(pci: PciFunction): number {
  const lo = pci.configRead(PciRegister.bar0, 4);
  if ((lo & 1) !== 0) return 0;
  pci.configWrite(PciRegister.bar0, 4, 0xffff_ffff);
  const mask = pci.configRead(PciRegister.bar0, 4) & ~15;
  pci.configWrite(PciRegister.bar0, 4, lo);
  return -mask >>> 0;
}

function findCapability(pci: PciFunction, id: number): number {
  if ((pci.configRead(PciRegister.status, 2) & STATUS_CAPABILITIES) === 0) return 0;
  let at = pci.configRead(PciRegister.capabilities, 1) & ~3;
  for (let i = 0; i < MAX_CAPABILITIES && at >= 0x40; i++) {
    if (pci.configRead(at, 1) === id) return at;
    at = pci.configRead(at + 1, 1) & ~3;
  }
  return 0;
}
