import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { canEnable, capHighOf, capLowOf } from '../../src/nvme-device/advertised.ts';
import { resolveDeviceOptions } from '../../src/nvme-device/options.ts';
import { Csts, NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { Sgls } from '../../src/wire/nvme-sgl.ts';
import { DATA, DeviceWorld } from './device-world.ts';

describe('what a controller advertises', () => {
  it('is in CAP', () => {
    const plain = resolveDeviceOptions({ commandSets: 0xc1, maxQueueEntries: 2048 });
    expect([capLowOf(plain), capHighOf(plain)]).toEqual([0x0f01_07ff, 0x0040_1820]);
    const all = resolveDeviceOptions({ weightedRoundRobin: true, subsystemReset: true });
    expect([capLowOf(all) & (1 << 17), capHighOf(all) & (1 << 4)]).toEqual([1 << 17, 1 << 4]);
  });

  it('decides whether weighted arbitration may be enabled', () => {
    const cc = (1 << 11) | (6 << 16) | (4 << 20);
    const check = (options: object, value: number) =>
      canEnable(resolveDeviceOptions(options), value, 0x1f_001f, 0x1000, 0x2000);
    expect(check({ weightedRoundRobin: true }, cc)).toBe(true);
    expect(check({}, cc)).toBe(false);
    expect(check({ weightedRoundRobin: true }, cc + (1 << 11))).toBe(false);
  });

  it('must be something that it was equipped for', () => {
    const sgls = { sgls: 1 | Sgls.bitBucket };
    expect(() => new DeviceWorld({}, {}, sgls)).toThrow(ConfigError);
    expect(() => new DeviceWorld({ bitBucketGpa: 0x1000 }, {}, sgls)).not.toThrow();
  });
});

describe('NSSR', () => {
  it('resets the controller, shows it in CSTS.NSSRO until that is acknowledged, and posts nothing late', () => {
    const { executor, host, pci, port } = new DeviceWorld({ subsystemReset: true });
    host.enable();
    const queue = host.createQueue(1, 0x10_0000, 8);
    port.held = true;
    host.push(queue, { opcode: 2, nsid: 1, prp1: DATA });
    host.ring(queue);
    executor.runUntilIdle();
    host.write(NvmeRegister.nssr, 0x1234);
    expect(host.csts).toBe(Csts.rdy);
    host.write(NvmeRegister.nssr, 0x4e56_4d65);
    executor.runUntilIdle();
    expect(host.csts).toBe(0x10);
    expect([pci.mmioRead(NvmeRegister.cc, 4), pci.mmioRead(NvmeRegister.asq, 4)]).toEqual([0, 0]);
    expect(host.peek(queue)).toBeUndefined();
    host.write(NvmeRegister.csts, 0x10);
    expect(host.csts).toBe(0);
    expect(host.enable()).toBe(true);
  });
});
