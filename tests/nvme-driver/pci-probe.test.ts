import { describe, expect, it } from 'vitest';
import type { AccessBytes, PciFunction } from '../../src/interfaces/pci-function.ts';
import { disableFunction, enableFunction, probeFunction } from '../../src/nvme-driver/pci-probe.ts';
import { PciRegister } from '../../src/wire/pci.ts';
import { DriverWorld } from './driver-world.ts';

/** Our function with some configuration reads replaced. */
function patched(reads: Record<number, number>): PciFunction {
  const { pci } = new DriverWorld();
  return {
    barBytes: pci.barBytes,
    configRead: (at: number, size: AccessBytes) => reads[at] ?? pci.configRead(at, size),
    configWrite: (at, size, value) => pci.configWrite(at, size, value),
    mmioRead: (at, size) => pci.mmioRead(at, size),
    mmioWrite: (at, size, value) => pci.mmioWrite(at, size, value),
    mmioRead64: (at, halves) => pci.mmioRead64(at, halves),
    mmioWrite64: (at, lo, hi) => pci.mmioWrite64(at, lo, hi),
  };
}

describe('probeFunction', () => {
  it('finds MSI-X and leaves BAR0 where it was', () => {
    const { pci } = new DriverWorld({ device: { vectorCount: 5 } });
    pci.configWrite(PciRegister.bar0, 4, 0xf000_0000);
    expect(probeFunction(pci)).toEqual({ error: undefined, msixAt: 0x40, vectorCount: 5 });
    expect(pci.configRead(PciRegister.bar0, 4)).toBe(0xf000_0004);
  });

  it('names what is no NVMe controller', () => {
    const { error } = probeFunction(patched({ [PciRegister.revisionId]: 0x0106_0100 }));
    expect(error).toBe('class code 010601 is no NVMe controller');
    expect(probeFunction(patched({ [PciRegister.bar0]: 1 })).error).toContain('BAR0 of 0 bytes');
  });

  it('does without MSI-X when there is none, or when its table is out of reach', () => {
    expect(probeFunction(patched({ [PciRegister.status]: 0 })).msixAt).toBe(0);
    expect(probeFunction(patched({ 68: 0x2002 })).msixAt).toBe(0);
    expect(probeFunction(patched({ 68: 0x10_0000 })).msixAt).toBe(0);
  });

  it('ends for capabilities that run in a circle', () => {
    expect(probeFunction(patched({ 64: 0x99, 65: 0x40 })).msixAt).toBe(0);
  });
});

describe('enableFunction', () => {
  it('opens all vectors, and places BAR0 when nobody did', () => {
    const { pci } = new DriverWorld({ device: { vectorCount: 3 } });
    const found = probeFunction(pci);
    enableFunction(pci, found, true);
    expect(pci.configRead(PciRegister.bar0, 4) & ~15).not.toBe(0);
    expect(pci.configRead(PciRegister.command, 2)).toBe(0x0406);
    expect(pci.configRead(0x42, 2)).toBe(0x8002);
    const table = pci.configRead(0x44, 4) & ~7;
    expect([8, 24, 40].map((at) => pci.mmioRead(table + at, 4))).toEqual([0, 1, 2]);
    expect([12, 28, 44].map((at) => pci.mmioRead(table + at, 4))).toEqual([0, 0, 0]);
    disableFunction(pci, found);
    expect(pci.configRead(0x42, 2)).toBe(2);
    expect(pci.configRead(PciRegister.command, 2) & 4).toBe(0);
  });

  it('leaves MSI-X off for the pin', () => {
    const { pci } = new DriverWorld();
    pci.configWrite(0x42, 2, 0xc000);
    enableFunction(pci, probeFunction(pci), false);
    expect(pci.configRead(0x42, 2) & 0xc000).toBe(0);
    expect(pci.configRead(PciRegister.command, 2)).toBe(0x0006);
  });
});
