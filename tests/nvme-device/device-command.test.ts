import { expect, it } from 'vitest';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { DeviceCommand } from '../../src/nvme-device/device-command.ts';

it('is free at first, with an entry of sixteen words of its own', () => {
  const memory = new RegionMemory([{ base: 0, size: 4096 }]);
  const command = new DeviceCommand(3, memory, () => {});
  expect([command.slot, command.sq, command.atPort]).toEqual([3, undefined, false]);
  expect(command.sqe.length).toBe(16);
});
