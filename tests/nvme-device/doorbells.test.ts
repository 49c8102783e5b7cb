import { expect, it } from 'vitest';
import { IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';
import { DATA, DeviceWorld } from './device-world.ts';

const READ = { opcode: IoOpcode.read, nsid: 1, prp1: DATA };

it('a doorbell of one queue leaves the others alone', () => {
  const { host, port, executor } = new DeviceWorld();
  host.enable();
  const first = host.createQueue(1, 0x10_0000, 8);
  const second = host.createQueue(2, 0x14_0000, 8);
  host.push(first, READ);
  host.push(second, READ);
  port.seen.length = 0;
  host.ring(second);
  executor.runUntilIdle();
  expect(port.seen).toEqual([(2 << 8) | IoOpcode.read]);
});

it('a command identifier that is in use ends with Command ID Conflict (ER3), and is free again afterwards', () => {
  const { host, port, executor } = new DeviceWorld();
  host.enable();
  const queue = host.createQueue(1, 0x10_0000, 8);
  const other = host.createQueue(2, 0x14_0000, 8);
  port.held = true;
  for (const each of [queue, queue, other]) host.push(each, READ, 7);
  host.ring(queue);
  host.ring(other);
  executor.runUntilIdle();
  const conflict = NvmeStatus.commandIdConflict | STATUS_DNR;
  expect(host.take(queue)).toMatchObject([{ cid: 7, status: conflict }]);
  expect([host.take(other), port.waiting]).toEqual([[], 2]);
  port.held = false;
  port.release();
  executor.runUntilIdle();
  expect(host.take(queue)).toMatchObject([{ cid: 7, status: 0 }]);
  host.push(queue, READ, 7);
  host.ring(queue);
  executor.runUntilIdle();
  expect(host.take(queue)).toMatchObject([{ cid: 7, status: 0 }]);
});
