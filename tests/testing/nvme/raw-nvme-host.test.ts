import { describe, expect, it } from 'vitest';
import { IoOpcode } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../../src/wire/nvme-registers.ts';
import { DATA, DeviceWorld } from '../../nvme-device/device-world.ts';

describe('RawNvmeHost', () => {
  it('writes the registers of an enable as it is told', () => {
    const { host, pci } = new DeviceWorld();
    host.enable({ sqSize: 4, cqSize: 8, asq: 0x3_0000, acq: 0x4_0000 });
    expect(pci.mmioRead(NvmeRegister.aqa, 4)).toBe(0x0007_0003);
    expect(pci.mmioRead(NvmeRegister.asq, 4)).toBe(0x3_0000);
    expect(host.csts).toBe(1);
    host.disable();
    expect(host.csts).toBe(0);
  });

  it('peeks, takes and acknowledges, pass after pass', () => {
    const { executor, host } = new DeviceWorld();
    host.enable();
    const queue = host.createQueue(1, 0x10_0000, 4);
    const cids: number[] = [];
    for (let i = 0; i < 10; i++) {
      cids.push(host.push(queue, { opcode: IoOpcode.read, nsid: 1, prp1: DATA }));
      host.ring(queue);
      executor.runUntilIdle();
      expect(host.peek(queue)?.cid).toBe(cids[i]);
      expect(host.take(queue).map(({ cid }) => cid)).toEqual([cids[i]]);
      expect(host.peek(queue)).toBeUndefined();
    }
    expect([queue.head, queue.tail, queue.phase]).toEqual([2, 2, 1]);
  });

  it('gives nothing for a command that does not complete, and throws for a queue that cannot be', () => {
    const { host, port } = new DeviceWorld();
    host.enable();
    port.held = true;
    expect(host.command(host.admin, { opcode: 6, prp1: DATA, cdw10: 1 })).toBeUndefined();
    expect(() => host.createQueue(0, 0x10_0000, 4)).toThrow('admin command 5 ended with');
  });
});
