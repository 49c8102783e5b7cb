import { describe, expect, it } from 'vitest';
import { PciConfig } from '../../src/nvme-device/pci-config.ts';
import { PciCapability, PciRegister } from '../../src/wire/pci.ts';

function makeConfig(): PciConfig {
  return new PciConfig(
    {
      vendorId: 0x1b36,
      deviceId: 0x10,
      subsystemVendorId: 0x1af4,
      subsystemId: 0x1100,
      revisionId: 2,
    },
    { barBytes: 0x4000, vectorCount: 9, tableAt: 0x2000, pendingAt: 0x2090 },
  );
}

describe('PciConfig', () => {
  it('is an NVMe controller with a 64-bit BAR0 of its size', () => {
    const config = makeConfig();
    expect(config.read(PciRegister.vendorId, 4)).toBe(0x0010_1b36);
    expect(config.read(PciRegister.revisionId, 4)).toBe(0x0108_0202);
    config.write(PciRegister.bar0, 4, 0xffff_ffff);
    config.write(PciRegister.bar1, 4, 0xffff_ffff);
    expect(config.read(PciRegister.bar0, 4)).toBe(0xffff_c004);
    expect(config.read(PciRegister.bar1, 4)).toBe(0xffff_ffff);
  });

  it('chains MSI-X, power management and PCI Express', () => {
    const config = makeConfig();
    const ids: number[] = [];
    for (let at = config.read(PciRegister.capabilities, 1); at !== 0; at = config.read(at + 1, 1)) {
      ids.push(config.read(at, 1));
    }
    const { msix, powerManagement, pciExpress } = PciCapability;
    expect(ids).toEqual([msix, powerManagement, pciExpress]);
    expect(config.read(0x42, 2)).toBe(8);
    expect([config.read(0x44, 4), config.read(0x48, 4)]).toEqual([0x2000, 0x2090]);
  });

  it('writes by byte and word, and only what can be written', () => {
    const config = makeConfig();
    config.write(PciRegister.command, 1, 0xff);
    expect(config.command).toBe(0x0006);
    config.write(PciRegister.interruptLine, 1, 0x2a);
    config.write(PciRegister.status, 2, 0xffff);
    expect(config.read(PciRegister.interruptLine, 1)).toBe(0x2a);
    expect(config.read(PciRegister.status, 2)).toBe(0x0010);
    config.write(0x42, 2, 0xc7ff);
    expect([config.msixEnabled, config.msixMasked]).toEqual([true, true]);
    expect(config.read(0x42, 2)).toBe(0xc008);
  });

  it('asks for a function level reset once and is as new after it', () => {
    const config = makeConfig();
    config.write(PciRegister.command, 2, 6);
    expect(config.write(0x68, 2, 0x8000)).toBe(true);
    expect(config.read(0x68, 2)).toBe(0);
    expect(config.write(0x68, 2, 0x1000)).toBe(false);
    config.reset();
    expect([config.command, config.read(0x68, 2)]).toEqual([0, 0]);
  });

  it('reads as ones beyond its end, also across it', () => {
    const config = makeConfig();
    expect([config.read(256, 4), config.read(254, 4), config.read(-1, 1)]).toEqual([
      0xffff_ffff, 0xffff_ffff, 0xff,
    ]);
    config.write(255, 4, 0);
    config.setInterruptStatus(true);
    expect(config.read(PciRegister.status, 2)).toBe(0x0018);
    config.setInterruptStatus(false);
    expect(config.read(PciRegister.status, 2)).toBe(0x0010);
  });
});
