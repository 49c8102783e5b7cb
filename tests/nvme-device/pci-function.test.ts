import { expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { NvmePciFunction } from '../../src/nvme-device/pci-function.ts';
import { checkPciFunction } from '../../src/testing/nvme/check-pci-function.ts';
import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { DeviceWorld } from './device-world.ts';

it('obeys the laws of PCI functions', () => {
  checkPciFunction(
    ({ executor, memory, interrupts }) =>
      new NvmePciFunction(executor, memory, new MemoryCommandPort(executor), interrupts),
  );
});

it('has a vector for each queue pair unless it is told otherwise', () => {
  const vectors = (options: { ioQueues: number; vectorCount?: number }): number =>
    (new DeviceWorld(options).pci.configRead(0x42, 2) & 0x7ff) + 1;
  expect(vectors({ ioQueues: 3 })).toBe(4);
  expect(vectors({ ioQueues: 3, vectorCount: 2 })).toBe(2);
  expect(() => vectors({ ioQueues: 3, vectorCount: 0 })).toThrow(ConfigError);
});
