import { describe, expect, it } from 'vitest';
import { MAX_DOORBELL_ERRORS } from '../../src/nvme-device/doorbell-errors.ts';
import { AdminOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { DeviceWorld } from './device-world.ts';

describe('a bad doorbell (ER37)', () => {
  it('raises the asynchronous event and reaches the error log of the port, from a task', () => {
    const { host, port, executor } = new DeviceWorld();
    host.enable();
    const queue = host.createQueue(1, 0x10_0000, 8);
    host.push(host.admin, { opcode: AdminOpcode.asyncEventRequest });
    host.ring(host.admin);
    executor.runUntilIdle();
    port.reported.length = 0;
    host.doorbell(2 * 5, 1);
    host.doorbell(2 * queue.id + 1, 99);
    expect(port.reported).toEqual([]);
    executor.runUntilIdle();
    expect(host.take(host.admin).map(({ dw0 }) => dw0)).toEqual([0x1_0000]);
    expect(port.reported).toEqual([
      [5, 0xffff, NvmeStatus.invalidQueueId],
      [1, 0xffff, NvmeStatus.invalidField],
    ]);
  });

  it(`is told ${MAX_DOORBELL_ERRORS} times at most from one task to the next`, () => {
    const { host, port, executor } = new DeviceWorld();
    host.enable();
    for (let i = 0; i < 1000; i++) host.doorbell(2 * 5, i);
    executor.runUntilIdle();
    expect(port.reported).toHaveLength(MAX_DOORBELL_ERRORS);
  });

  it('is forgotten by a reset', () => {
    const { host, port, executor } = new DeviceWorld();
    host.enable();
    host.doorbell(2 * 5, 1);
    host.write(0x14, 0);
    executor.runUntilIdle();
    expect(port.reported).toEqual([]);
  });
});
