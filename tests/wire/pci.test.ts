import { expect, it } from 'vitest';
import {
  msixCapability,
  NVME_CLASS_CODE,
  PciCapability,
  PciCommand,
  PciRegister,
  pciHeader,
} from '../../src/wire/pci.ts';

it('agrees with the configuration space recorded from a real function', () => {
  const hex =
    '361b1000060410000202080100000000040000e0000000000000000000000000000000000000000000000000f41a0011000000004000000000000000000100001180088000200000003000000000000000';
  const bytes = new Uint8Array(256);
  for (let i = 0; i < hex.length / 2; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  const view = new DataView(bytes.buffer);
  expect(pciHeader.vendorId.get(view, 0)).toBe(0x1b36);
  const { memory, busMaster, intxDisable } = PciCommand;
  expect(pciHeader.command.get(view, 0)).toBe(memory | busMaster | intxDisable);
  expect(view.getUint32(PciRegister.revisionId, true) >>> 8).toBe(NVME_CLASS_CODE);
  expect(pciHeader.bar0.get(view, 0)).toBe(0xe000_0004);
  const at = pciHeader.capabilities.get(view, 0);
  expect(msixCapability.id.get(view, at)).toBe(PciCapability.msix);
  expect(msixCapability.next.get(view, at)).toBe(0x80);
  expect(msixCapability.tableSize0.get(view, at)).toBe(8);
  expect(msixCapability.enable.get(view, at)).toBe(true);
  expect(msixCapability.functionMask.get(view, at)).toBe(false);
  expect(8 * msixCapability.tableOffset8.get(view, at)).toBe(0x2000);
  expect(8 * msixCapability.pbaOffset8.get(view, at)).toBe(0x3000);
});
