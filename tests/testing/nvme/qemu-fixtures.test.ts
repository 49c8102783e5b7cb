import { expect, it } from 'vitest';
import { makeQemuWorld } from '../../../src/testing/nvme/qemu-fixtures.ts';
import { NvmeRegister } from '../../../src/wire/nvme-registers.ts';

it.each(['base', 'multi', 'zns', 'zrwa', 'pi'])('starts %s with the registers of QEMU', (name) => {
  const { pci } = makeQemuWorld(name);
  expect(pci.mmioRead(NvmeRegister.cap, 4)).toBe(0x0f01_07ff);
  expect(pci.mmioRead(NvmeRegister.vs, 4)).toBe(0x1_0400);
  expect(pci.mmioRead(NvmeRegister.csts, 4)).toBe(0);
});
