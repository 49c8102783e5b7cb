import { describe, expect, it } from 'vitest';
import { identifyController, identifyNamespace } from '../../../src/wire/nvme-identify.ts';
import { AdminOpcode, IdentifyCns, IoOpcode, NSID_ALL } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../../src/wire/nvme-status.ts';
import { DATA, DeviceWorld, MEMORY_BYTES } from '../../nvme-device/device-world.ts';

describe('MemoryCommandPort', () => {
  const world = new DeviceWorld(
    {},
    { namespaces: [{ blockBytes: 4096, blockCount: 10 }], maxTransferBytes: 65_536 },
  );
  const { host, ram } = world;
  host.enable();
  const view = new DataView(ram.view(DATA, 4096)!.buffer, DATA, 4096);
  const identify = (cns: number, nsid = 0, prp1 = DATA) =>
    (host.command(host.admin, { opcode: AdminOpcode.identify, nsid, cdw10: cns, prp1 })?.status ??
      -1) & STATUS_CODE_MASK;

  it('identifies itself and its namespaces', () => {
    expect(identify(IdentifyCns.controller)).toBe(0);
    expect(identifyController.mn.get(view, 0)).toBe('memory command port');
    expect(identifyController.mdts.get(view, 0)).toBe(4);
    expect(identify(IdentifyCns.namespace, 1)).toBe(0);
    expect(identifyNamespace.nsze.get(view, 0)).toBe(10);
    expect(identifyNamespace.lbaf0Lbads.get(view, 0)).toBe(12);
    expect(identify(IdentifyCns.activeNamespaceList)).toBe(0);
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([1, 0]);
    expect(identify(IdentifyCns.activeNamespaceList, 1)).toBe(0);
    expect(view.getUint32(0, true)).toBe(0);
  });

  it('refuses what it has not', () => {
    expect(identify(IdentifyCns.namespace, 2)).toBe(NvmeStatus.invalidNamespace);
    expect(identify(IdentifyCns.activeNamespaceList, NSID_ALL)).toBe(NvmeStatus.invalidNamespace);
    expect(identify(0x77)).toBe(NvmeStatus.invalidField);
    const lost = identify(IdentifyCns.controller, 0, MEMORY_BYTES);
    expect(lost).toBe(NvmeStatus.dataTransferError);
  });

  it('flushes one namespace or all of them', () => {
    const queue = host.createQueue(1, 0x10_0000, 8);
    expect(host.command(queue, { opcode: IoOpcode.flush, nsid: 1 })?.status).toBe(0);
    expect(host.command(queue, { opcode: IoOpcode.flush, nsid: NSID_ALL })?.status).toBe(0);
    const status = host.command(queue, { opcode: IoOpcode.flush, nsid: 3 })?.status ?? 0;
    expect(status & STATUS_CODE_MASK).toBe(NvmeStatus.invalidNamespace);
  });

  it('keeps commands that are held, and lets go of as many as it is told', () => {
    const queue = host.createQueue(2, 0x14_0000, 8);
    world.port.held = true;
    for (let i = 0; i < 3; i++) host.push(queue, { opcode: IoOpcode.flush, nsid: 1 });
    host.ring(queue);
    world.executor.runUntilIdle();
    world.port.release(2);
    world.executor.runUntilIdle();
    expect([host.take(queue).length, world.port.waiting]).toEqual([2, 1]);
  });
});
