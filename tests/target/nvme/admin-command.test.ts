import { describe, expect, it } from 'vitest';
import {
  AdminOpcode,
  FeatureId,
  IdentifyCns,
  IoOpcode,
  LogPage,
  NSID_ALL,
} from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../../../src/wire/nvme-status.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const { identify, getLogPage, getFeatures, setFeatures } = AdminOpcode;

/** Get Log Page of `bytes` bytes. */
function log(page: number, bytes: number, more: object = {}) {
  const cdw10 = page | ((bytes / 4 - 1) << 16);
  return { opc: getLogPage, nsid: NSID_ALL, cdw10, bytes, ...more };
}

describe('every admin opcode', () => {
  it('is one of four or ends with Invalid Command Opcode', () => {
    const rig = new NvmeRig();
    const known: number[] = [];
    for (let opc = 0; opc < 256; opc++) {
      const { code, status } = rig.admin({ opc, bytes: 4096 });
      if (code === NvmeStatus.invalidOpcode) expect(status & STATUS_DNR).toBe(STATUS_DNR);
      else known.push(opc);
    }
    expect(known).toEqual([getLogPage, identify, setFeatures, getFeatures]);
    for (const opc of known) {
      expect(rig.admin({ opc: opc | 0x200, bytes: 4096 }).code).toBe(NvmeStatus.invalidField);
    }
  });
});

describe('Identify', () => {
  const nn = 8;

  it.each([
    [IdentifyCns.namespace, 1, NvmeStatus.success],
    [IdentifyCns.namespace, nn, NvmeStatus.success],
    [IdentifyCns.namespace, 0, NvmeStatus.invalidNamespace],
    [IdentifyCns.namespace, nn + 1, NvmeStatus.invalidNamespace],
    [IdentifyCns.namespace, NSID_ALL, NvmeStatus.invalidNamespace],
    [IdentifyCns.controller, 77, NvmeStatus.success],
    [IdentifyCns.activeNamespaceList, 0, NvmeStatus.success],
    [IdentifyCns.activeNamespaceList, 0xffff_fffd, NvmeStatus.success],
    [IdentifyCns.activeNamespaceList, 0xffff_fffe, NvmeStatus.invalidNamespace],
    [IdentifyCns.activeNamespaceList, NSID_ALL, NvmeStatus.invalidNamespace],
    [IdentifyCns.namespaceDescriptors, 2, NvmeStatus.success],
    [IdentifyCns.namespaceDescriptors, 3, NvmeStatus.invalidField],
    [IdentifyCns.namespaceDescriptors, nn + 1, NvmeStatus.invalidNamespace],
    [IdentifyCns.namespaceDescriptors, 0, NvmeStatus.invalidNamespace],
    [IdentifyCns.allocatedList, 0xffff_fffd, NvmeStatus.success],
    [IdentifyCns.allocatedList, 0xffff_fffe, NvmeStatus.invalidNamespace],
    [IdentifyCns.allocatedNamespace, nn, NvmeStatus.success],
    [IdentifyCns.allocatedNamespace, nn + 1, NvmeStatus.invalidNamespace],
    [IdentifyCns.attachedControllers, 1, NvmeStatus.success],
    [IdentifyCns.attachedControllers, 3, NvmeStatus.invalidField],
    [IdentifyCns.controllers, 0, NvmeStatus.success],
  ])('CNS %d of namespace %d', (cdw10, nsid, code) => {
    expect(new NvmeRig().admin({ opc: identify, cdw10, nsid, bytes: 4096 }).code).toBe(code);
  });

  it('refuses every other CNS, those of command sets included where none can be selected', () => {
    const rig = new NvmeRig();
    const known: readonly number[] = [0x10, 0x11, 0x12, 0x13];
    for (let cns = 4; cns < 256; cns++) {
      if (known.includes(cns)) continue;
      const { code } = rig.admin({ opc: identify, cdw10: cns, bytes: 4096 });
      expect(code).toBe(NvmeStatus.invalidField);
    }
  });

  it('tells a namespace that is not attached from one that is', () => {
    const rig = new NvmeRig();
    const { geometry } = rig.devices[0]!;
    rig.subsystem.addNamespace(5, { geometry } as never, { isAttached: false });
    const identifyOf = (cns: number, nsid: number) =>
      rig.admin({ opc: identify, cdw10: cns, nsid, bytes: 4096 }).code;
    const words = () => [...new Uint32Array(rig.bytes(4096).slice(0, 16).buffer)];
    const size = () => rig.view(8).getUint32(0, true);

    identifyOf(IdentifyCns.activeNamespaceList, 0);
    expect(words()).toEqual([1, 2, 0, 0]);
    identifyOf(IdentifyCns.allocatedList, 0);
    expect(words()).toEqual([1, 2, 5, 0]);
    identifyOf(IdentifyCns.namespace, 5);
    expect(size()).toBe(0);
    identifyOf(IdentifyCns.allocatedNamespace, 5);
    expect(size()).toBe(geometry.blockCount);
    expect(identifyOf(IdentifyCns.namespaceDescriptors, 5)).toBe(NvmeStatus.invalidField);
    identifyOf(IdentifyCns.attachedControllers, 5);
    expect(words()[0]).toBe(0);
    identifyOf(IdentifyCns.attachedControllers, 1);
    expect(words()[0]).toBe(1 | (1 << 16));
    const read = rig.do({ opc: IoOpcode.read, nsid: 5, bytes: 512 });
    expect(read.code).toBe(NvmeStatus.invalidField);
  });

  it('lists the controllers of the subsystem from an id on', () => {
    const rig = new NvmeRig();
    for (let i = 0; i < 3; i++) rig.subsystem.attachController();
    const list = (from: number) => {
      rig.admin({ opc: identify, cdw10: IdentifyCns.controllers | (from << 16), bytes: 4096 });
      return [...new Uint16Array(rig.bytes(12).slice().buffer)];
    };
    expect(list(0)).toEqual([4, 1, 2, 3, 4, 0]);
    expect(list(3)).toEqual([2, 3, 4, 0, 0, 0]);
    expect(list(5)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(list(0xffff)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each([
    [IdentifyCns.namespaceOfSet, 1, 0, NvmeStatus.success],
    [IdentifyCns.namespaceOfSet, nn, 0, NvmeStatus.success],
    [IdentifyCns.namespaceOfSet, 1, 2, NvmeStatus.invalidField],
    [IdentifyCns.namespaceOfSet, nn + 1, 0, NvmeStatus.invalidNamespace],
    [IdentifyCns.controllerOfSet, 0, 0, NvmeStatus.success],
    [IdentifyCns.controllerOfSet, 0, 3, NvmeStatus.invalidField],
    [IdentifyCns.activeListOfSet, 0, 0, NvmeStatus.success],
    [IdentifyCns.activeListOfSet, 0, 1, NvmeStatus.invalidField],
    [IdentifyCns.activeListOfSet, 0xffff_fffe, 0, NvmeStatus.invalidNamespace],
    [IdentifyCns.allocatedListOfSet, 0, 2, NvmeStatus.success],
    [IdentifyCns.allocatedNamespaceOfSet, nn + 1, 0, NvmeStatus.invalidNamespace],
  ])('CNS %d of namespace %d and command set %d', (cdw10, nsid, set, code) => {
    const rig = new NvmeRig({ commandSets: true });
    const fields = { opc: identify, cdw10, nsid, cdw11: set << 24, bytes: 4096 };
    expect(rig.admin(fields).code).toBe(code);
  });

  it('has no namespaces of a command set that it does not have', () => {
    const rig = new NvmeRig({ commandSets: true });
    const first = (set: number) => {
      rig.admin({ opc: identify, cdw10: 0x07, nsid: 0, cdw11: set << 24, bytes: 4096 });
      return rig.view(4).getUint32(0, true);
    };
    expect([first(0), first(2)]).toEqual([1, 0]);
  });

  it('writes 4096 bytes and not one more, or says that the memory is not there', () => {
    const rig = new NvmeRig();
    rig.fill(0xee, 8192);
    rig.admin({ opc: identify, cdw10: 1, bytes: 8192 });
    expect(rig.bytes(1, 4095)[0]).toBe(0);
    expect(rig.bytes(1, 4096)[0]).toBe(0xee);
    for (const data of [{ bytes: 4096, gpa: 2 ** 40 }, { bytes: 4092 }]) {
      const { code } = rig.admin({ opc: identify, cdw10: 1, ...data });
      expect(code).toBe(NvmeStatus.dataTransferError);
    }
  });
});

describe('Get Log Page', () => {
  it('has the error, SMART, firmware and effects pages, and no other', () => {
    const rig = new NvmeRig();
    for (let page = 0; page < 256; page++) {
      const isKnown =
        (page >= LogPage.errorInformation && page <= LogPage.firmwareSlot) ||
        page === LogPage.commandEffects;
      const { code } = rig.admin(log(page, 512));
      expect(code).toBe(isKnown ? NvmeStatus.success : NvmeStatus.invalidLogPage);
    }
  });

  it('logs own errors and those that the controller in front reports', () => {
    const rig = new NvmeRig();
    rig.do({ opc: IoOpcode.read, nsid: 2, cdw10: 1000, cid: 0x55, queueId: 3, bytes: 4096 });
    rig.do({ opc: IoOpcode.read, gpa: 2 ** 40, bytes: 512, cid: 0x56 });
    rig.controller.reportError(0, 0x77, 0x4101);
    expect(rig.admin(log(LogPage.errorInformation, 256)).code).toBe(0);
    const view = rig.view(256);
    const entry = (at: number) => ({
      count: view.getUint32(at, true),
      sqid: view.getUint16(at + 8, true),
      cid: view.getUint16(at + 10, true),
      status: view.getUint16(at + 12, true) >>> 1,
      lba: view.getUint32(at + 16, true),
      nsid: view.getUint32(at + 24, true),
    });
    expect(entry(0)).toEqual({ count: 3, sqid: 0, cid: 0x77, status: 0x4101, lba: 0, nsid: 0 });
    expect(entry(64)).toEqual({ count: 2, sqid: 1, cid: 0x56, status: 0x4004, lba: 0, nsid: 1 });
    expect(entry(128)).toEqual({
      count: 1,
      sqid: 3,
      cid: 0x55,
      status: NvmeStatus.lbaOutOfRange | STATUS_DNR,
      lba: 1000,
      nsid: 2,
    });
    expect(entry(192)).toMatchObject({ count: 0 });
  });

  it('counts what the host did', () => {
    const rig = new NvmeRig();
    rig.do({ opc: IoOpcode.write, cdw12: 7, bytes: 4096 });
    for (let i = 0; i < 3; i++) rig.do({ opc: IoOpcode.read, nsid: 2, cdw12: 0, bytes: 4096 });
    rig.do({ opc: 0x7f });
    rig.admin(log(LogPage.smart, 512));
    const view = rig.view(512);
    expect([64, 80, 32, 48, 176].map((at) => view.getUint32(at, true))).toEqual([3, 1, 1, 1, 1]);
    expect(view.getUint16(1, true)).toBe(310);
  });

  it('tells the firmware revision in slot 1', () => {
    const rig = new NvmeRig();
    rig.admin(log(LogPage.firmwareSlot, 512));
    const bytes = rig.bytes(16);
    expect([bytes[0], String.fromCharCode(...bytes.subarray(8, 12))]).toEqual([1, '1.0 ']);
  });

  it('gives the part that is asked for and leaves the memory behind it alone', () => {
    const rig = new NvmeRig();
    rig.fill(0xee, 4096);
    rig.admin(log(LogPage.firmwareSlot, 8, { cdw12: 8 }));
    expect(String.fromCharCode(...rig.bytes(8))).toBe('1.0     ');
    expect(rig.bytes(1, 8)[0]).toBe(0xee);
    rig.admin(log(LogPage.smart, 4096));
    expect(rig.bytes(1, 511)[0]).toBe(0);
    expect(rig.bytes(1, 512)[0]).toBe(0xee);
  });

  it.each([
    ['an offset that is no multiple of 4', { cdw12: 2 }, NvmeStatus.invalidField],
    ['an offset at the end', { cdw12: 512 }, NvmeStatus.invalidField],
    ['an offset beyond 2^32', { cdw13: 1 }, NvmeStatus.invalidField],
    ['the last dword', { cdw12: 508 }, NvmeStatus.success],
    ['an active namespace', { nsid: 1 }, NvmeStatus.invalidField],
    ['an invalid namespace', { nsid: 9 }, NvmeStatus.invalidNamespace],
    ['namespace 0', { nsid: 0 }, NvmeStatus.success],
    ['memory that is not there', { gpa: 2 ** 40 }, NvmeStatus.dataTransferError],
    ['more than the largest transfer', { cdw11: 0xffff }, NvmeStatus.invalidField],
  ])('judges %s', (_name, more, code) => {
    expect(new NvmeRig().admin(log(LogPage.smart, 512, more)).code).toBe(code);
  });
});

describe('Get and Set Features', () => {
  it('answer in dword 0', () => {
    const rig = new NvmeRig();
    const set = { opc: setFeatures, nsid: 0, cdw10: FeatureId.temperatureThreshold, cdw11: 333 };
    expect(rig.admin(set)).toMatchObject({ status: 0, dw0: 0 });
    const get = { opc: getFeatures, nsid: 0, cdw10: FeatureId.temperatureThreshold };
    expect(rig.admin(get)).toMatchObject({ status: 0, dw0: 333 });
    expect(rig.admin({ ...get, cdw10: get.cdw10 | 0x100 }).dw0).toBe(343);
    expect(rig.admin({ ...get, cdw10: get.cdw10 | 0x300 }).dw0).toBe(4);
    rig.controller.enable({ cc: 1 });
    expect(rig.admin(get).dw0).toBe(343);
  });

  it('take Save for what it is', () => {
    const save = { opc: setFeatures, nsid: 0, cdw10: FeatureId.writeAtomicity | 0x8000_0000 };
    expect(new NvmeRig().admin(save).code).toBe(NvmeStatus.featureNotSaveable);
  });

  it('send an event and a warning when a threshold is crossed', () => {
    const rig = new NvmeRig();
    const set = { opc: setFeatures, nsid: 0, cdw10: FeatureId.temperatureThreshold };
    rig.admin({ ...set, cdw11: 400 });
    expect(rig.events).toEqual([]);
    rig.admin({ ...set, cdw11: 300 });
    expect(rig.events).toEqual([[1, 1, LogPage.smart]]);
    rig.admin(log(LogPage.smart, 512));
    expect(rig.memory.read8(BUFFER)).toBe(2);
  });
});
